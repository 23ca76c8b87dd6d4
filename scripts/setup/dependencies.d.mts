export function dependenciesMatch(root: string): boolean;
export function installCommand(): { command: string; args: string[] };
