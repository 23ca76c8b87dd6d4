/**
 * Arguments as yargs understands them: what stands behind `--` is no option, also where it begins with
 * "-". yargs takes no positional from there, and such a name elsewhere for an option: so it is given as
 * a path, `-- -model.json` as ./-model.json.
 */
export function withPositionals(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  if (end === -1) return [...argv];
  const names = argv.slice(end + 1);
  return [
    ...argv.slice(0, end),
    ...names.map((name) => (name.startsWith('-') && name !== '-' ? `./${name}` : name)),
  ];
}
