// 按地址计数的各项: 每行一项, 连同管它的设置 (config-schema.ts 的 address 一节); 增加一项只改这里与设置

/** 速率: 令牌桶, 每秒补多少由设置给出, 桶里装得下 burstS 秒的 */
export const RATES = {
  /** 消息: 文字, 请求与上传的各种帧, 分片除外 */
  messages: { setting: 'address.messagesPerSecond', burstS: 10 },
  /** 文字的字节: 每一个都要广播给所有人 */
  textBytes: { setting: 'address.textBytesPerSecond', burstS: 4 },
  /** 新的 WebSocket 连接 */
  connects: { setting: 'address.connectsPerSecond', burstS: 16 },
  /** 新的 TCP 连接: uWS 不告诉我们哪一条断了, 只能数来的; 闲着的它 10 秒就断 */
  sockets: { setting: 'address.socketsPerSecond', burstS: 4 },
  /** HTTP 请求, 不论是什么 */
  requests: { setting: 'address.requestsPerSecond', burstS: 5 },
} as const;

/** 份额: 同时占着多少 */
export const SHARES = {
  /** 打开的 WebSocket 连接 */
  connections: { setting: 'server.connectionsPerAddress' },
  /** 还没有应答完的 HTTP 请求 */
  requests: { setting: 'address.requests' },
  /** 整帧 (files.frameBytes) 的聊天连接; 其余的只收得下小帧 */
  largeFrames: { setting: 'address.largeFrames' },
  transfers: { setting: 'address.transfers' },
  /** 不同的 Host 值 */
  hosts: { setting: 'address.hosts' },
  /** 正在发送的下载 */
  downloads: { setting: 'address.downloads' },
  /** 跟着别人的上传读的下载, 等着的也算 */
  followers: { setting: 'address.followers' },
  /** 进行中的上传, 分片的与 HTTP 的 */
  uploads: { setting: 'address.uploads' },
  /** 磁盘上未完成的上传 */
  partials: { setting: 'address.partials' },
  /** 别人看得见的边传边下 */
  offers: { setting: 'address.offers' },
  /** 记住的 Idempotency-Key */
  keyed: { setting: 'address.keyed' },
  /** 等着做的缩略图 */
  thumbs: { setting: 'address.thumbs' },
  /** 正在读盘的历史页与文件列表; 更多的等着 */
  reads: { setting: 'address.reads' },
  waitingReads: { setting: 'address.waitingReads' },
  /** 正在做的搜索; 更多的等着 */
  searches: { setting: 'address.searches' },
  waitingSearches: { setting: 'address.waitingSearches' },
} as const;

export type RateName = keyof typeof RATES;
export type ShareName = keyof typeof SHARES;

/** 桶里的令牌 */
export interface Rate {
  readonly setting: string;
  /** 每秒补几个; 0 = 不限 */
  readonly perSecond: number;
  readonly burst: number;
}

export interface Share {
  readonly setting: string;
  /** 0 = 不限 */
  readonly limit: number;
}

export interface QuotaLimits {
  readonly rates: Readonly<Record<RateName, Rate>>;
  readonly shares: Readonly<Record<ShareName, Share>>;
}

/** 由各项设置的值 (按设置的路径问) 得出上限 */
export function quotaLimits(settingOf: (setting: string) => number): QuotaLimits {
  const rates = Object.entries(RATES).map(([name, { setting, burstS }]) => {
    const perSecond = settingOf(setting);
    return [name, { setting, perSecond, burst: perSecond * burstS }];
  });
  const shares = Object.entries(SHARES).map(([name, { setting }]) => [
    name,
    { setting, limit: settingOf(setting) },
  ]);
  return {
    rates: Object.fromEntries(rates) as QuotaLimits['rates'],
    shares: Object.fromEntries(shares) as QuotaLimits['shares'],
  };
}
