import { runCommand } from '../../../foundation/processes/run_command.ts';

/** Two networks of this machine that a cable joins: processes in them reach each other by it alone. */
export class TwoMachines {
  readonly hosts = ['10.213.77.1', '10.213.77.2'] as const;
  private readonly names: readonly string[];

  private constructor(names: readonly string[]) {
    this.names = names;
  }

  /** @returns why there are none, where this process may not make them */
  static async make(): Promise<TwoMachines | string> {
    const id = `${process.pid}`;
    const machines = new TwoMachines([`tf8a${id}`, `tf8b${id}`]);
    const [a, b] = machines.names;
    const cables = [`tf8x${id}`, `tf8y${id}`];
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

  /** Words that begin a command line on one of them. */
  within(machine: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.names[machine]];
  }

  async remove(): Promise<void> {
    for (const name of this.names) await runCommand('ip', ['netns', 'delete', name]);
  }
}
