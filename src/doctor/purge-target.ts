// 要清除谁的, 从何时起: 命令行上的写法 -> 一个判断
import { BlockList, isIP } from 'node:net';

export interface PurgeTarget {
  /** 写给人看: 地址 192.0.2.0/24, 或 名字 张三 */
  readonly label: string;
  /** 只按名字的不看地址, 反之亦然; address 是 Visitor.address */
  readonly matches: (name: string, address: string | undefined) => boolean;
}

// 数据库里只有 IPv6 的前四组: 更细的也照一个 /64 算
const KEPT_BITS = 64;
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** text: IPv4, IPv6, CIDR, 否则是名字。错误: CIDR 的前缀长度不对 (一行中文) */
export function parseTarget(text: string): PurgeTarget {
  const [address = '', prefix, ...rest] = text.trim().split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return byName(text);
  const widest = family === 4 ? 32 : 128;
  const bits = prefix === undefined ? widest : Number(prefix);
  if (!/^\d{1,3}$/.test(prefix ?? '0') || bits > widest) throw new Error(`网段写得不对: ${text}`);
  const list = new BlockList();
  if (family === 4) list.addSubnet(address, bits, 'ipv4');
  else list.addSubnet(address, Math.min(bits, KEPT_BITS), 'ipv6');
  return {
    label: `地址 ${text.trim()}`,
    matches: (_name, from) => from !== undefined && from !== '' && includes(list, from),
  };
}

/** Unix 毫秒。text: ISO 8601, 或多久以前 (30m, 2h, 3d)。错误: 认不出, 在将来 (一行中文) */
export function parseSince(text: string, nowMs: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text.trim()) ?? [];
  const unitMs = UNIT_MS.get(unit);
  const sinceMs = unitMs === undefined ? Date.parse(text.trim()) : nowMs - Number(count) * unitMs;
  if (Number.isNaN(sinceMs)) throw new Error(`--since 认不出 ${text}: 写成 2026-01-02T03:04, 或 30m, 2h, 3d`);
  if (sinceMs > nowMs) throw new Error(`--since ${text} 在将来`);
  return sinceMs;
}

function byName(text: string): PurgeTarget {
  const wanted = text.trim().normalize('NFC');
  if (wanted === '') throw new Error('--purge 之后要写地址, 网段或名字');
  return { label: `名字 ${wanted}`, matches: (name) => name === wanted };
}

function includes(list: BlockList, address: string): boolean {
  return address.includes(':') ? list.check(`${address}::`, 'ipv6') : list.check(address, 'ipv4');
}
