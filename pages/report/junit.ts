import builder from 'junit-report-builder';
import { failureLine, resultName } from '../../synthetics/result.ts';

import { judgementLine } from '../terminal.ts';
import type { RunReport } from './run-report.ts';

/** JUnit XML: a suite per target and one for the load run. Inconclusive is an error, so that no pipeline takes it for a pass. */
export function junitXml(report: RunReport): string {
  const xml = builder.newBuilder();
  for (const target of new Set(report.results.map((r) => r.target.name))) {
    const suite = xml.testSuite().name(target).timestamp(report.startedAt);
    for (const result of report.results.filter((r) => r.target.name === target)) {
      const test = suite
        .testCase()
        .className(`${report.environment}.${target}`)
        .name(resultName(result))
        .time(result.durationMs / 1000);
      if (result.outcome === 'failed') test.failure(failureLine(result), result.failure?.cause);
      if (result.outcome === 'inconclusive') test.error(failureLine(result), 'inconclusive');
    }
  }
  if (report.load) {
    const suite = xml.testSuite().name(`load ${report.load.scenario}`).timestamp(report.load.startedAt);
    for (const judgement of report.load.judgements) {
      const test = suite.testCase().className(`${report.environment}.load`).name(judgement.name);
      if (judgement.verdict === 'fail') test.failure(judgement.reason ?? judgementLine(judgement), 'objective');
      if (judgement.verdict === 'inconclusive') test.error(judgement.reason ?? judgementLine(judgement), 'inconclusive');
    }
  }
  for (const { name, verdict, reasons } of report.parts ?? []) {
    const test = xml.testSuite().name('gate').testCase().className(`${report.environment}.gate`).name(name);
    if (verdict === 'fail') test.failure(reasons.join('\n'), 'gate');
    if (verdict === 'inconclusive') test.error(reasons.join('\n'), 'inconclusive');
  }
  for (const fault of report.faults)
    xml.testSuite().name('suite').testCase().className(report.environment).name('run').error(fault, 'suite');
  return xml.build();
}
