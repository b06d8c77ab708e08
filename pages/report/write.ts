import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { reportHtml } from './html.ts';
import { junitXml } from './junit.ts';
import type { RunReport } from './run-report.ts';

/** Writes report.json, junit.xml and report.html into the folder; gives the path of the page. */
export function writeReport(folder: string, report: RunReport): string {
  mkdirSync(folder, { recursive: true });
  const page = path.join(folder, 'report.html');
  writeFileSync(path.join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(path.join(folder, 'junit.xml'), junitXml(report));
  writeFileSync(page, reportHtml(report));
  return page;
}
