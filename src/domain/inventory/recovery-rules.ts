/** Rules of a VM's recovery settings, each by itself. Pure; the import file and the API say what is wrong in their own field names. */
import { isIP } from "node:net";
import { prefixOfMask } from "../addresses.ts";

/** `field` null: the thing as a whole. */
type Say<Field extends string> = (field: Field | null, message: string) => void;

export interface IpRuleShape {
  readonly nicIndex: number | null;
  readonly sourceIp: string | null;
  /** Null: DHCP. */
  readonly targetIp: string | null;
  readonly prefixLength: number | null;
  readonly subnetMask: string | null;
  readonly gateway: string | null;
}

export function checkIpRule(rule: IpRuleShape, say: Say<keyof IpRuleShape>): void {
  for (const field of ["sourceIp", "targetIp", "gateway"] as const) checkAddress(rule[field], (message) => say(field, message));
  if (rule.nicIndex === null && rule.sourceIp === null) say(null, "An IP rule names its adapter by nicIndex or by sourceIp.");
  if (rule.prefixLength !== null && rule.subnetMask !== null) say("subnetMask", "Give prefixLength or subnetMask, not both.");
  if (rule.subnetMask !== null && prefixOfMask(rule.subnetMask) === null)
    say("subnetMask", "This is not a subnet mask such as 255.255.255.0.");
  if (rule.targetIp === null) return;
  const version = isIP(rule.targetIp);
  if (rule.prefixLength === null && rule.subnetMask === null) say("targetIp", "A target address needs its prefixLength or subnetMask.");
  if (version === 4 && (rule.prefixLength ?? 0) > 32) say("prefixLength", "The prefix of an IPv4 address has at most 32 bits.");
  if (version === 6 && rule.subnetMask !== null) say("subnetMask", "An IPv6 address has a prefixLength, no mask.");
  if (rule.gateway !== null && isIP(rule.gateway) !== version) say("gateway", "The gateway is of the same family as the address.");
}

export function checkAddress(address: string | null, say: (message: string) => void): void {
  if (address !== null && (isIP(address) === 0 || address.includes("%"))) say("This is not an IP address.");
}

export interface ReadyCheckShape {
  readonly type: "HEARTBEAT" | "POWERED_ON" | "TCP" | "HTTP" | "SCRIPT";
  readonly port: number | null;
  readonly target: string | null;
}

export function checkReadyCheck({ type, port, target }: ReadyCheckShape, say: Say<"port" | "target">): void {
  if (type === "TCP" && port === null) say(null, "A TCP check needs a port.");
  if (type === "SCRIPT" && !target) say(null, "A SCRIPT check needs its program as target.");
  if (type !== "TCP" && type !== "HTTP" && port !== null) say("port", `A port belongs to a TCP or an HTTP check, and this is ${type}.`);
  if (type !== "HTTP" && type !== "SCRIPT" && target !== null)
    say("target", `A target belongs to an HTTP or a SCRIPT check, and this is ${type}.`);
  if (type === "HTTP" && target !== null && !/^\/[!-~]*$/.test(target))
    say("target", "The target of an HTTP check is a path, such as /health, in printable characters without spaces.");
}

export interface CommandShape {
  readonly runInGuest: boolean;
  readonly hasCredentials: boolean;
}

export function checkCommand(command: CommandShape, phase: "PRE_POWER_ON" | "POST_POWER_ON", say: Say<"runInGuest">): void {
  if (command.runInGuest && phase === "PRE_POWER_ON") say("runInGuest", "A command can't run in a guest that is not powered on yet.");
  if (!command.runInGuest && command.hasCredentials) say(null, "Credentials of a guest belong to a command with runInGuest.");
}

/** The plain name of a file: neither another folder nor a hidden file. */
export const isSecretId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id);
export const secretIdRule = "A secret's id is the name of its file: letters, digits, dots, dashes.";
