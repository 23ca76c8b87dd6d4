/** The record in a run's folder, whatever was run. */
export const RUN_FILE = 'run.json';
