// 一组网段 (CIDR): 一个地址在不在里面
import { BlockList, isIPv6 } from 'node:net';

/** 只有本机与内网能到的网段: 回环, RFC 1918, 链路本地, IPv6 的唯一本地地址 */
const PRIVATE_NETWORKS = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];

export class Networks {
  readonly #list = new BlockList();

  /** 每一项是 地址/前缀长度, 由配置校验过; 写成 ::ffff:10.0.0.0/104 的也管 10.0.0.1 (BlockList 如此) */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [network = '', bits = ''] = cidr.split('/');
      this.#list.addSubnet(network, Number(bits), familyOf(network));
    }
  }

  static private(): Networks {
    return new Networks(PRIVATE_NETWORKS);
  }

  /** address 来自 plainAddress */
  includes(address: string): boolean {
    return this.#list.check(address, familyOf(address));
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
