/** How npm is started: the npm that runs us (not npx, yarn or pnpm), else the one on the PATH. */
export function npmCommand(args: readonly string[]): [string, string[]] {
  const npm = process.env.npm_execpath;
  return npm && /npm-cli\.c?js$/.test(npm)
    ? [process.execPath, [npm, ...args]]
    : ['npm', [...args]];
}
