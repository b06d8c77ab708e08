import { expect, test } from 'vitest';
import { closeAll } from '../../../fixtures/contoso/close-all.ts';

test('closing goes on after one that fails, in order, and ends with the first error', async () => {
  const closed: string[] = [];
  const closer = (name: string, error?: Error) => async () => {
    await Promise.resolve();
    closed.push(name);
    if (error) throw error;
  };
  const closing = closeAll([
    closer('edge'),
    closer('stamp', new Error('first')),
    closer('cosmos', new Error('second')),
    closer('control'),
  ]);
  await expect(closing).rejects.toThrow('first');
  expect(closed).toEqual(['edge', 'stamp', 'cosmos', 'control']);
});

test('closing what closes throws nothing', async () => {
  await expect(closeAll([() => Promise.resolve()])).resolves.toBeUndefined();
});
