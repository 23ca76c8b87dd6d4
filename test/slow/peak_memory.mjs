// Imported by a process under test: says at its end how much memory it took at most, in KiB.
process.on('exit', () => process.stderr.write(`peak ${process.resourceUsage().maxRSS}\n`));
