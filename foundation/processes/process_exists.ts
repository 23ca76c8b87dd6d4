import { errorCode } from '../files/file_errors.ts';

/** Whether there is a process of this number on this machine; a later one may have taken it over. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0); // Signal 0 only asks whether the process exists.
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
