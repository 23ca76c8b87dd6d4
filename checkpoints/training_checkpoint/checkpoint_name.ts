const CHECKPOINT = /^step-(\d{8,})\.safetensors$/;

/** The step of the checkpoint in a file of this name; undefined where it is none. */
export function stepOfName(name: string): number | undefined {
  const digits = CHECKPOINT.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
