export interface Lock {
  /** Whether another process held the lock before. */
  readonly waited: boolean;
  coverChild(pid: number): void;
  release(): void;
}
export function acquireLock(path: string, onWait: (holder: number) => void): Promise<Lock>;
