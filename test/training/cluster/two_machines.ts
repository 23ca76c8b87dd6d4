import { runCommand } from '../../../foundation/processes/run_command.ts';

/** Two networks of this machine that a cable joins: processes in them reach each other by it alone. */
export class TwoMachines {
  readonly hosts = ['10.213.77.1', '10.213.77.2'] as const;
  private readonly names: readonly [string, string];
  /** Both ends of the cable. */
  private readonly cables: readonly [string, string];

  private constructor(id: number) {
    this.names = [`tf8a${id}`, `tf8b${id}`];
    this.cables = [`tf8x${id}`, `tf8y${id}`];
  }

  /** @returns why there are none, where this process may not make them */
  static async make(): Promise<TwoMachines | string> {
    const machines = new TwoMachines(process.pid);
    const { cables } = machines;
    const [a, b] = machines.names;
    const commands = [
      `ip netns add ${a}`,
      `ip netns add ${b}`,
      `ip link add ${cables[0]} netns ${a} type veth peer name ${cables[1]} netns ${b}`,
      ...machines.names.flatMap((name, n) => [
        `ip -n ${name} address add ${machines.hosts[n]}/24 dev ${cables[n]}`,
        `ip -n ${name} link set ${cables[n]} up`,
        `ip -n ${name} link set lo up`,
      ]),
    ];
    for (const command of commands) {
      const [program, ...args] = command.split(' ');
      const { exitCode, output } = await runCommand(program, args);
      if (exitCode === 0) continue;
      await machines.remove();
      return `two networks cannot be made here: ${output.trim()}`;
    }
    return machines;
  }

  /** Pulls the cable out. */
  async cut(): Promise<void> {
    const [name] = this.names;
    const { exitCode, output } = await runCommand('ip', [
      ...['-n', name, 'link', 'set', this.cables[0], 'down'],
    ]);
    if (exitCode !== 0) throw new Error(`Expected to pull the cable but: ${output}`);
  }

  /** Words that begin a command line on one of them. */
  within(machine: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.names[machine]];
  }

  async remove(): Promise<void> {
    for (const name of this.names) await runCommand('ip', ['netns', 'delete', name]);
  }
}
