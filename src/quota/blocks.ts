// IPv6 的分段: 一家拿到的是 /64, /56 或 /48, 换地址不该换来新的名额; 大的一段许多几份, 里面的每个 /64 仍只有一份

export interface Block {
  readonly key: string;
  /** 这一段一共许几份 */
  readonly shares: number;
}

const GROUP_BITS = 16;
const HIGH_BYTE = 8;
// 记得住的地址, 约 3 MiB; 满了从头记
const MAX_RECENT = 8192;

// 最近问过的: 每条消息要问好几次, 不必每次都拆
const recent = new Map<string, readonly Block[]>();

/** address 是 Visitor.address: 由小到大的各段; IPv4 只有它自己 */
export function blocksOf(address: string): readonly Block[] {
  const known = recent.get(address);
  if (known !== undefined) return known;
  const blocks = split(address);
  if (recent.size >= MAX_RECENT) recent.clear();
  recent.set(address, blocks);
  return blocks;
}

function split(address: string): readonly Block[] {
  const own = { key: address, shares: 1 };
  if (!address.includes(':')) return [own];
  const groups = address.split(':');
  const site = groups.slice(0, 3).join(':');
  // 第四组的高 8 位: /56
  const subnet = Number.parseInt(groups[3] ?? '0', GROUP_BITS) >> HIGH_BYTE;
  return [
    own,
    { key: `${site}:${subnet.toString(GROUP_BITS)}/56`, shares: 4 },
    { key: `${site}/48`, shares: 16 },
  ];
}
