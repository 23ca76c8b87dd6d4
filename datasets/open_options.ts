import type { fetchArtifact, unpackDeb } from '../foundation/downloads/fetch_artifact.ts';
import type { Reporter } from '../foundation/reporting/reporter.ts';

/** What every reader is opened with. */
export interface OpenOptions {
  /** Where the data already lies; without it a reader that can fetches its own. */
  readonly dir?: string;
  /** By which class folders that nobody has divided are, 0 unless given (see openClassFolders). */
  readonly splitSeed?: number;
  /** Where fetched files are kept. */
  readonly cacheDir: string;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  /** How files are fetched, where not by fetchArtifact and unpackDeb themselves (for tests). */
  readonly source?: ArtifactSource;
}

export interface ArtifactSource {
  /** Fetches one pinned file. */
  readonly fetchArtifact: typeof fetchArtifact;
  /** Takes one file out of a fetched Debian package. */
  readonly unpackDeb: typeof unpackDeb;
}
