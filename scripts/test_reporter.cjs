const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/**
 * A dot for each test, then the failures in full and the titles of what was skipped; the counts go
 * to the file of the reporter option `summary`.
 */
module.exports = class TestReporter extends reporters.Dot {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
    runner.once('end', () => {
      if (skipped.length > 0) console.log('  Skipped:');
      for (const title of skipped) console.log(`  - ${title}`);
      const { passes, failures, pending } = this.stats;
      const counts = { passed: passes, failed: failures, skipped: pending };
      writeFileSync(options.reporterOptions.summary, JSON.stringify(counts));
    });
  }
};
