import { begins, brandsOf, type Head, type IsFormat } from './magic.ts';

/** A format that messages name where it is met, and that is not read. */
export interface UnreadFormat {
  readonly name: string;
  /** Of image files, in lower case, with the dot. */
  readonly extensions?: readonly string[];
  readonly is: IsFormat;
  /** Where it is another than converting the file to PNG. */
  readonly remedy?: string;
}

/** Brands of HEIF files whose images are coded by HEVC (ISO/IEC 23008-12, annex B). */
const HEVC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs'];

const DEVELOP = 'Develop it to JPEG or PNG, with what came with the camera.';

/** Sizes of the header that follows the 14 bytes of a BMP file, by its version. */
const BMP_HEADERS = [12, 16, 40, 52, 56, 64, 108, 124];

/**
 * Formats that images, and what is taken for one, come in. Of two that begin alike the more special one
 * comes first; so do all of these before those that are read.
 */
export const UNREAD_FORMATS: readonly UnreadFormat[] = [
  {
    name: 'HEIC',
    extensions: ['.heic', '.heif', '.hif'],
    is: (head) => HEVC_BRANDS.includes(brandsOf(head)[0]) || isHeif(head, HEVC_BRANDS),
  },
  { name: 'animated AVIF', extensions: ['.avifs'], is: begins('????ftypavis') },
  { name: 'HEIF without AV1', is: (head) => isHeif(head) && !brandsOf(head).includes('avif') },
  {
    name: 'BMP',
    extensions: ['.bmp', '.dib'],
    is: (head) => head.startsWith('BM') && BMP_HEADERS.includes(head.charCodeAt(14)),
  },
  {
    name: 'JPEG XL',
    extensions: ['.jxl'],
    is: begins('\xff\x0a', '\0\0\0\x0cJXL \r\n\x87\n'),
  },
  {
    name: 'JPEG 2000',
    extensions: ['.jp2', '.j2k', '.jpx', '.jpf'],
    is: begins('\0\0\0\x0cjP  \r\n\x87\n', '\xff\x4f\xff\x51'),
  },
  { name: 'JPEG XR', extensions: ['.jxr', '.wdp'], is: begins('II\xbc') },
  {
    name: 'a web page',
    is: (head) => /^\s*<(?:!doctype html|html|head|body)[\s>]/i.test(withoutMark(head)),
    remedy: 'Fetch the image that the page shows.',
  },
  { name: 'SVG', extensions: ['.svg'], is: isSvg },
  { name: 'compressed SVG or other gzip', extensions: ['.svgz'], is: begins('\x1f\x8b') },
  { name: 'PDF', is: begins('%PDF') },
  { name: 'PostScript', extensions: ['.eps'], is: begins('%!PS', '\xc5\xd0\xd3\xc6') },
  { name: 'PSD', extensions: ['.psd', '.psb'], is: begins('8BPS') },
  { name: 'GIMP', extensions: ['.xcf'], is: begins('gimp xcf') },
  { name: 'OpenEXR', extensions: ['.exr'], is: begins('v/1\x01') },
  { name: 'Radiance HDR', extensions: ['.hdr'], is: begins('#?RADIANCE', '#?RGBE') },
  {
    name: 'Netpbm',
    extensions: ['.pbm', '.pgm', '.ppm', '.pnm', '.pam', '.pfm'],
    is: (head) => /^P[1-7Ff]\s/.test(head),
  },
  { name: 'TGA', extensions: ['.tga'], is: isTga },
  { name: 'ICO', extensions: ['.ico', '.cur'], is: begins('\0\0\x01\0?\0', '\0\0\x02\0?\0') },
  { name: 'ICNS', extensions: ['.icns'], is: begins('icns') },
  { name: 'QOI', extensions: ['.qoi'], is: begins('qoif') },
  { name: 'DDS', extensions: ['.dds'], is: begins('DDS ') },
  { name: 'PCX', extensions: ['.pcx'], is: begins('\x0a\x05\x01\x01', '\x0a\x05\x01\x08') },
  { name: 'SGI', extensions: ['.sgi'], is: begins('\x01\xda\0', '\x01\xda\x01') },
  { name: 'MNG or JNG', extensions: ['.mng', '.jng'], is: begins('\x8aMNG', '\x8bJNG') },
  { name: 'BPG', extensions: ['.bpg'], is: begins('BPG\xfb') },
  { name: 'FLIF', extensions: ['.flif'], is: begins('FLIF') },
  { name: 'DjVu', extensions: ['.djvu'], is: begins('AT&TFORM') },
  { name: 'WMF', extensions: ['.wmf'], is: begins('\xd7\xcd\xc6\x9a') },
  { name: 'EMF', extensions: ['.emf'], is: (head) => head.slice(40, 44) === ' EMF' },
  { name: 'FITS', extensions: ['.fits', '.fit'], is: begins('SIMPLE  =') },
  { name: 'DICOM', extensions: ['.dcm'], is: (head) => head.slice(128, 132) === 'DICM' },
  {
    name: 'camera RAW',
    extensions: [
      '.arw',
      '.cr2',
      '.cr3',
      '.crw',
      '.dng',
      '.mrw',
      '.nef',
      '.nrw',
      '.orf',
      '.pef',
      '.raf',
      '.raw',
      '.rw2',
      '.srw',
      '.x3f',
    ],
    is: begins(
      'II*\0????CR',
      'IIRO',
      'IIRS',
      'MMOR',
      'IIU\0',
      'FUJIFILMCCD-RAW',
      'FOVb',
      '\0MRM',
      'II\x1a\0\0\0HEAPCCDR',
      '????ftypcrx ',
    ),
    remedy: DEVELOP,
  },
  { name: 'a video', is: isVideo, remedy: 'Store one of its frames as PNG.' },
  {
    name: 'a Git LFS pointer',
    is: begins('version https://git-lfs'),
    remedy: 'Fetch what it points to: git lfs pull',
  },
  { name: 'a zip archive', is: begins('PK\x03\x04'), remedy: 'Unpack it.' },
  { name: 'NumPy', is: begins('\x93NUMPY') },
  { name: 'HDF5', is: begins('\x89HDF\r\n\x1a\n') },
];

/** Whether a file holds HEIF images, of one of `brands` where these are given. */
function isHeif(head: Head, brands?: readonly string[]): boolean {
  const [major, ...compatible] = brandsOf(head);
  return (
    (major === 'mif1' || major === 'msf1') &&
    (brands === undefined || brands.some((brand) => compatible.includes(brand)))
  );
}

/** Video files of boxes have many brands: all that no kind of image has. */
function isVideo(head: Head): boolean {
  const [major] = brandsOf(head);
  const isOfBoxes = major !== undefined && !['avif', 'mif1', 'msf1'].includes(major);
  return (
    isOfBoxes ||
    begins('\x1aE\xdf\xa3', 'RIFF????AVI ', 'FLV\x01', '\0\0\x01\xba', 'OggS')(head) ||
    head.slice(4, 8) === 'moov'
  );
}

/** An element svg near the beginning of a text, in UTF-8 or UTF-16. */
function isSvg(head: Head): boolean {
  const text = withoutMark(head.replaceAll('\0', ''));
  return /^\s*</.test(text) && /<(?:\w+:)?svg[\s>/]|<!doctype svg/i.test(text);
}

/** Without the mark of the order of bytes, in UTF-8 or UTF-16. */
function withoutMark(head: Head): string {
  return head.replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '');
}

/** Colour-mapped, true-colour or grey, plain or run-length coded; there is no mark. */
function isTga(head: Head): boolean {
  const byte = (at: number): number => head.charCodeAt(at);
  const hasMap = byte(1) === 1;
  const kinds = hasMap ? [1, 9] : [2, 3, 10, 11];
  return (
    head.length >= 18 &&
    byte(1) <= 1 &&
    kinds.includes(byte(2)) &&
    [8, 15, 16, 24, 32].includes(byte(16)) &&
    (byte(17) & 0xc0) === 0 &&
    byte(12) + byte(13) > 0 &&
    byte(14) + byte(15) > 0
  );
}
