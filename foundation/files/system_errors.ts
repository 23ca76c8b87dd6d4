import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

/** What an error of the operating system means for a file or folder. */
export interface SystemFault {
  /** Ends the sentence "Expected … but": "the disk is full". */
  readonly reason: string;
  readonly remedy: string;
}

const PATH = 'Check the path.';
const DISK = "Check the disk and the system's log, then run the command again.";
const AGAIN = 'Run the command again.';
const ELSEWHERE = 'Choose a folder on another disk.';

/** The faults that work with files meets, in words of their own. */
const FAULTS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  EACCES: ['the permission is missing', 'Give yourself the permission (chmod), or choose another.'],
  EAGAIN: ['the system is out of something that it soon has again', AGAIN],
  EBADF: ['the file was closed meanwhile', AGAIN],
  EBUSY: ['another program uses it', 'End that program, then run the command again.'],
  EDQUOT: ['your share of the disk (quota) is used up', 'Free some space, or choose another disk.'],
  EEXIST: ['it is there already', 'Move it away, or choose another name.'],
  EFBIG: [
    'the file would be larger than the system allows',
    'Raise the limit of file sizes (ulimit -f unlimited), or choose a disk whose files may be larger.',
  ],
  EILSEQ: ['its name holds bytes that the system does not take', 'Choose another name.'],
  EINTR: ['the system broke it off', AGAIN],
  EINVAL: ['the file system cannot do that', ELSEWHERE],
  EIO: ['the disk reports an error of reading or writing', DISK],
  EISDIR: ['it is a folder', 'Give the name of a file.'],
  ELOOP: ['it is a link that leads back to itself', 'Mend or remove the link.'],
  EMFILE: [
    'this process has as many files open as it may',
    'Raise the limit (ulimit -n 4096), then run the command again.',
  ],
  EMLINK: ['it has as many links as the file system allows', 'Choose another folder.'],
  ENAMETOOLONG: ['its name is longer than the system takes', 'Choose a shorter name.'],
  ENFILE: [
    'the machine has as many files open as it may',
    'End other programs, or raise the limit (sysctl fs.file-max).',
  ],
  ENODEV: ['there is no such device', PATH],
  ENOENT: ['there is no such file or folder', PATH],
  ENOLCK: ['the system has no file lock left', ELSEWHERE],
  ENOMEM: ['the memory is used up', 'End other programs, or work on less at a time.'],
  ENOSPC: ['the disk is full', 'Free some space on the disk, or choose another.'],
  ENOSYS: ['the file system cannot do that', ELSEWHERE],
  ENOTDIR: ['a part of its path is a file, no folder', PATH],
  ENOTEMPTY: ['the folder is not empty', 'Move what it holds away, or choose another folder.'],
  ENOTSUP: ['the file system cannot do that', ELSEWHERE],
  ENXIO: ['there is nothing at its other end', PATH],
  EOPNOTSUPP: ['the file system cannot do that', ELSEWHERE],
  EOVERFLOW: ['it is larger than the system can name', ELSEWHERE],
  EPERM: ['the system does not permit it', 'Give yourself the permission, or choose another.'],
  EPIPE: ['its reader has gone', AGAIN],
  EROFS: ['its disk can only be read', ELSEWHERE],
  ESPIPE: ['it is a pipe, which cannot be read in any order', 'Give the name of a regular file.'],
  ESTALE: ['it was replaced on the server that holds it', AGAIN],
  ETIMEDOUT: ['the disk or server that holds it does not answer', DISK],
  ETXTBSY: ['a program runs from it', 'End that program, or choose another name.'],
  EXDEV: ['it would have to move to another disk', ELSEWHERE],
};

/** What the system itself calls an error: "host is down". */
const SYSTEM_WORDS: ReadonlyMap<string, string> = new Map(getSystemErrorMap().values());

/**
 * What an error code of the operating system means, whichever the system knows; undefined for what is
 * none, such as Node's own ERR_INVALID_ARG_TYPE.
 */
export function systemFault(code: string): SystemFault | undefined {
  const known = FAULTS[code];
  if (known !== undefined) return { reason: known[0], remedy: known[1] };
  const words = SYSTEM_WORDS.get(code);
  if (words === undefined && !(code in constants.errno)) return undefined;
  const said = words === undefined ? 'an error' : `"${words}"`;
  return { reason: `the system reports ${said} (${code})`, remedy: DISK };
}
