import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fill } from '../../health/template.ts';

const alert = {
  title: 'a "b" {{key}} \\',
  key: 'k1',
  minutes: 5,
  journeys: ['cart', 'pay'],
  evidence: { link: null, seen: '503' },
  lastChange: null,
};

/** template, filled */
const rows: readonly (readonly [unknown, unknown])[] = [
  ['plain', 'plain'],
  ['{{key}}', 'k1'],
  ['{{ key }}', 'k1'],
  ['{{minutes}}', 5],
  ['for {{minutes}} min', 'for 5 min'],
  ['{{journeys}}', ['cart', 'pay']],
  ['of {{journeys}}.', 'of cart, pay.'],
  ['{{evidence.seen}}', '503'],
  ['{{evidence.link}}', null],
  ['link: {{evidence.link}}', 'link: '],
  ['{{lastChange.to}}', null],
  ['{{evidence}}', { link: null, seen: '503' }],
  ['{{title}}', 'a "b" {{key}} \\'],
  ['! {{title}}', '! a "b" {{key}} \\'],
  ['{{constructor}}', null],
  ['{{__proto__.x}}', null],
  [{ text: ['{{key}}', 7, true, null] }, { text: ['k1', 7, true, null] }],
];

describe('templates', () => {
  it.each(rows)('fill %j', (template, filled) => expect(fill(template, alert)).toEqual(filled));

  it('keep any text in its place', () => {
    fc.assert(
      fc.property(fc.string(), (title) => {
        const filled = JSON.parse(JSON.stringify(fill({ text: 'x {{title}}', alone: '{{title}}' }, { title }))) as unknown;
        expect(filled).toEqual({ text: `x ${title}`, alone: title });
      }),
    );
  });
});
