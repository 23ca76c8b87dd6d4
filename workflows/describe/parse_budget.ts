import { UserError } from '../../foundation/errors.ts';
import type { Budget } from './budget.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/**
 * A budget of the form "ram=256K,flash=1M"; K, M and G are powers of 1024.
 * @throws UserError where it has another form
 */
export function parseBudget(text: string): Budget {
  const budget: Record<string, number> = {};
  for (const part of text.split(',')) {
    const [, kind, number, unit] =
      /^\s*(ram|flash)\s*=\s*(\d+(?:\.\d+)?)\s*([KMG]?)(?:i?B)?\s*$/i.exec(part) ?? [];
    const name = kind?.toLowerCase();
    if (name === undefined || name in budget) {
      throw new UserError(
        `Expected a budget such as ram=256K,flash=1M but received ${JSON.stringify(text)}`,
        {
          remedy: 'Give ram, flash or both once, each in bytes or with K, M or G (powers of 1024).',
        },
      );
    }
    budget[name] = Math.floor(Number(number) * UNITS[unit.toUpperCase()]);
  }
  return budget;
}
