/** What a SavedModel's folder is known by. */
export const SAVED_MODEL_FILE = 'saved_model.pb';
