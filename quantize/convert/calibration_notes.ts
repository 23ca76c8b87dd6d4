import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { CalibratedRanges } from './calibrate.ts';

/** Layers that a note names, at most. */
const NAMED = 4;

/** What of the calibration the user should know: where the network hardly reacts to the images. */
export function calibrationNotes(
  graph: FloatGraph,
  { ranges, images }: CalibratedRanges,
): string[] {
  const notes: string[] = [];
  if (images === 1) {
    notes.push('Calibrated with one image: ranges and corrections fit that image; take 50 or more');
  }
  const constant = [graph.input.name, ...graph.nodes.map(({ name }) => name)].filter((name) => {
    const range = ranges.get(name);
    return range !== undefined && range.min === range.max;
  });
  if (constant.length > 0) {
    const named = constant.slice(0, NAMED).join(', ');
    const more = constant.length > NAMED ? ` and ${constant.length - NAMED} more` : '';
    notes.push(
      `The calibration images leave ${named}${more} constant: other images will saturate there; calibrate with photographs that the network was made for`,
    );
  }
  return notes;
}
