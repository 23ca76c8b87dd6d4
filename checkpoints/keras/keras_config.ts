/** The topology in a `.keras` file, which tells the zip from others. */
export const KERAS_CONFIG = 'config.json';
