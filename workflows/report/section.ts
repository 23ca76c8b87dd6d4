import type { Chart } from '../charts/chart.ts';
import type { Figure } from './figure.ts';
import type { Html } from './html.ts';

/** A part of the report. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** Drawn into the page, and written as files. */
  readonly figures: readonly Figure[];
  /** Written as files only. */
  readonly files?: readonly Chart[];
  /** @param drawn the elements of `figures`, in order */
  readonly body: (drawn: readonly Html[]) => Html;
}

/** What the report says in the place of a part that the run has not got. */
export interface MissingPart {
  readonly title: string;
  readonly reason: string;
}
