/** The versions that package.json's `engines` asks for, as a sentence. */
const SUPPORTED = 'Node 20.19 or later, or Node 22';

/**
 * What is wrong with a version of Node, or undefined where it is supported.
 *
 * @param {string} version "20.19.0"
 */
export function nodeVersionProblem(version) {
  const [major, minor] = version.split('.').map(Number);
  const advice = `Install ${SUPPORTED} (https://nodejs.org, or "nvm install 22") and start again.`;
  if (major < 20 || (major === 20 && minor < 19)) {
    return `tf8 needs ${SUPPORTED} but this is Node ${version}.\n${advice}`;
  }
  if (major >= 23) {
    return (
      `tf8 needs ${SUPPORTED} but this is Node ${version}: TensorFlow.js 4.22 calls ` +
      `util.isNullOrUndefined, which Node 23 removed.\n${advice}`
    );
  }
  return undefined;
}
