const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/**
 * A dot for each test, then the failures in full and the titles of what was skipped; the counts, and
 * each failure in one line, go to the file of the reporter option `summary`.
 */
module.exports = class TestReporter extends reporters.Dot {
  constructor(runner, options) {
    super(runner, options);
    const [skipped, failures] = [[], []];
    runner.on('fail', (test, error) => failures.push(`${test.fullTitle()}: ${inOneLine(error)}`));
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
    runner.once('end', () => {
      if (skipped.length > 0) console.log('  Skipped:');
      for (const title of skipped) console.log(`  - ${title}`);
      const { passes: passed, failures: failed, pending } = this.stats;
      const summary = { passed, failed, skipped: pending, failures };
      writeFileSync(options.reporterOptions.summary, JSON.stringify(summary));
    });
  }
};

function inOneLine(error) {
  // Of a parallel run an error comes as a plain object.
  return String(error?.message ?? error)
    .replace(/\s+/g, ' ')
    .slice(0, 300);
}
