// 全部配置项的唯一清单: 增加一项只改这里, 再运行 npm run config -- --write 更新 config/default.json
import type { Kind, Rule } from './config-formats.js';

export interface Entry<T> extends Rule {
  readonly default: T;
  readonly format: Kind;
  /** 单位, 写进文档; 无量纲时为空 */
  readonly unit: string;
  readonly doc: string;
  /** 环境变量名; 不写则由路径推出: uploads.maxActive -> SLUICE_UPLOADS_MAX_ACTIVE */
  readonly env?: string;
  /** 秘密: npm run config 与错误信息里都不出现它的值 */
  readonly sensitive?: boolean;
}

type Extra = Rule & { readonly env?: string; readonly unit?: string; readonly sensitive?: boolean };

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
// setTimeout 的上限; 超过它 Node 会把等待改成 1 毫秒
const MAX_TIMER_MS = 2 ** 31 - 1;

function entry<T>(format: Kind, unit: string, value: T, doc: string, extra: Extra): Entry<T> {
  return { default: value, format, unit, doc, ...extra };
}
const text = (value: string, doc: string, extra: Extra = {}) => entry('text', '', value, doc, extra);
const flag = (value: boolean, doc: string, extra: Extra = {}) => entry('flag', '', value, doc, extra);
const int = (value: number, doc: string, extra: Extra = {}) =>
  entry('int', '个', value, doc, { min: 1, max: 1_000_000_000, ...extra });
const ms = (value: number, doc: string, extra: Extra = {}) =>
  entry('int', '毫秒', value, doc, { min: 1, max: MAX_TIMER_MS, ...extra });
const bytes = (value: number, doc: string, extra: Extra = {}) =>
  entry('bytes', '字节', value, doc, { min: 1, ...extra });
const origin = (value: string, doc: string, extra: Extra = {}) => entry('origin', '', value, doc, extra);
const list = (format: Kind, value: readonly string[], doc: string, extra: Extra = {}) =>
  entry(format, '', value, doc, extra);
const choice = <T extends string>(value: T, choices: readonly T[], doc: string, extra: Extra = {}) =>
  entry<T>('choice', '', value, doc, { ...extra, choices });

// 双击即运行, 或由系统直接加载的类型; 按平台分行: Windows, 脚本宿主, 快捷方式与注册表, 类 Unix, 安装包
const BLOCKED_EXTENSIONS: readonly string[] = [
  'exe dll com scr pif bat cmd cpl ocx sys drv ax xll msc gadget',
  'ps1 ps1xml psm1 psd1 psc1 vb vbs vbe jse wsf wsh wsc ws sct hta',
  'lnk reg scf inf ins isp shb shs chm hlp url website jnlp appref-ms',
  'sh bash zsh csh ksh fish command run app elf so ko dylib desktop',
  'msi msp mst msu msix msixbundle appx appxbundle application jar apk ipa deb rpm pkg appimage',
].flatMap((line) => line.split(' '));
// 冒充服务器, 管理者, 或看上去是在叫所有人的; 按样子比, 所以大小写, 形近字与括号不必另写
const RESERVED_NAMES: readonly string[] = [
  '系统 系统消息 系统管理员 管理员 管理者 站长 版主 客服 官方 服务器 水闸 所有人 全体成员 大家 匿名',
  'system admin administrator root sysadmin sluice server moderator mod owner support official',
  'all everyone here channel anonymous null undefined',
].flatMap((line) => line.split(' '));
const CONTENT_KINDS = ['pe', 'elf', 'macho', 'shebang'] as const;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const SCHEMA = {
  server: {
    host: text('0.0.0.0', '监听地址; 放在反向代理之后时用 127.0.0.1', { env: 'SLUICE_HOST', min: 1 }),
    port: int(3000, '监听端口; 0 = 任一空闲端口', { env: 'SLUICE_PORT', min: 0, max: 65_535, unit: '' }),
    publicUrl: origin('', '对外地址, 用来拼文件链接; 空 = 用接收者连接时的 Host', {
      env: 'SLUICE_PUBLIC_URL',
    }),
    allowedOrigins: list(
      'origins',
      [],
      '除本站之外可以连接, 上传并读到应答 (CORS) 的网页来源; null 也要写明',
      {
        env: 'SLUICE_ALLOWED_ORIGINS',
      },
    ),
    allowedHosts: list(
      'hosts',
      [],
      '设了 publicUrl 时还认哪些 Host (主机名, 不带端口); IP 地址, localhost 与探活总是认',
    ),
    trustedProxies: list(
      'networks',
      [],
      '反向代理的地址或网段; 只相信它们发来的 X-Forwarded-For 与 X-Forwarded-Proto, 几层都可以',
    ),
    trustProxy: flag(
      false,
      '简便的写法: 从本机或内网连来的就是反向代理, 只有一层; 打开后端口不可让别人绕过代理直接访问',
    ),
    trustedAddresses: list(
      'networks',
      [],
      '不按地址计数的地址或网段 (几百人共用一个地址的办公室, 压测); 在代理的规则之后才看, 总的上限照旧',
      { env: 'SLUICE_TRUSTED_ADDRESSES' },
    ),
    tls: {
      certFile: text('', 'TLS 证书 (PEM) 的路径; 须与 keyFile 同时给出'),
      keyFile: text('', 'TLS 私钥 (PEM) 的路径'),
    },
    processes: int(1, '同一端口上的进程数; 目前只能是 1: 多个进程要靠集群总线协调, 它还没有', { max: 64 }),
    connectionsPerAddress: int(256, '每个客户端地址的 WebSocket 连接上限', {
      env: 'SLUICE_CONNECTIONS_PER_ADDRESS',
    }),
    maxConnections: int(20_000, '全部连接的上限'),
    maxOrigins: int(256, '同时在线的不同 Host 值的上限; 每个值各编码一份文件链接'),
    joinTimeoutMs: ms(30_000, '连接之后多久必须加入'),
    idleTimeoutS: int(60, '没有任何收发的连接多久后断开', { min: 8, max: 960, unit: '秒' }),
    slowConsumerBytes: bytes(MIB, '一条连接积压的发送字节上限; 超过即以 4008 断开', {
      min: 64 * KIB,
      max: GIB,
    }),
    receiveBudgetBytes: bytes(256 * MIB, '全部连接保留的接收缓冲之和; 超过时以 4009 断开占用最多的'),
    memoryBytes: bytes(
      0,
      '进程的常驻内存 (RSS) 到了这么多就不再收新连接, 并以 4009 请走占用最多的地址的连接; 0 = 机器或容器内存的一半',
      { min: 0 },
    ),
    stopGraceMs: ms(5000, '停机时等待上传, 下载与日志收尾的最长时间', { min: 0 }),
  },
  // 一个陌生的地址至多占多少; 各项 0 = 不限
  address: {
    dailyPercent: int(5, '每个地址一天至多用掉存储的百分之几: 消息的条数与字节, 文件的字节', {
      min: 0,
      max: 100,
      unit: '%',
    }),
    messagesPerSecond: int(
      100,
      '每个地址每秒的消息, 换连接也不重来; chat.messagesPerSecond 为 0 (压测) 时也不限',
      {
        min: 0,
        unit: '条/秒',
      },
    ),
    textBytesPerSecond: bytes(128 * KIB, '每个地址每秒的文字字节: 每一条都要发给所有人', {
      min: 0,
      unit: '字节/秒',
    }),
    connectsPerSecond: int(
      32,
      '每个地址每秒新开的 WebSocket 连接; 一口气可以开满 connectionsPerAddress 的两倍',
      {
        min: 0,
        unit: '条/秒',
      },
    ),
    requestsPerSecond: int(200, '每个地址每秒的 HTTP 请求; 网页自己的文件各算半个', {
      min: 0,
      unit: '个/秒',
    }),
    requests: int(128, '每个地址还没有应答完的 HTTP 请求', { min: 0 }),
    socketsPerSecond: int(100, '每个地址每秒新开的 TCP 连接; 一口气可以开 connectionsPerAddress 的八倍', {
      min: 0,
    }),
    largeFrames: int(8, '每个地址收得下整帧 (files.frameBytes) 的聊天连接; 其余的单帧至多 1 MiB', { min: 0 }),
    transfers: int(32, '每个地址的传输连接', { min: 0 }),
    heldNames: int(256, '每个地址断线之后还留着的名字; 超出的让出最早的', { min: 0 }),
    hosts: int(4, '每个地址同时使用的不同 Host 值', { min: 0 }),
    downloads: int(64, '每个地址同时进行的下载', { min: 0 }),
    followers: int(64, '每个地址跟着上传读的下载 (边传边下), 等着的也算', { min: 0 }),
    uploads: int(64, '每个地址进行中的上传, 分片的与 HTTP 的', { min: 0 }),
    partials: int(512, '每个地址未完成的上传, 停放着的也算; 满了他自己最旧的让位', { min: 0 }),
    offers: int(16, '每个地址还在传就可以下载的文件 (边传边下); 更多的照常传, 别人看不见', { min: 0 }),
    keyed: int(1000, '每个地址记住的 Idempotency-Key, 24 小时之内; 更多的忘掉他自己最旧的', { min: 0 }),
    thumbs: int(16, '每个地址等着做的缩略图, 大的小的分开排但合起来算', { min: 0 }),
    reads: int(4, '每个地址同时读盘的历史页与文件列表; 更多的等着, 各地址轮流, 地址里各人轮流', { min: 0 }),
    waitingReads: int(1024, '每个地址等着读盘的历史页与文件列表', { min: 0 }),
    searches: int(4, '每个地址同时做的搜索; 更多的等着, 轮流同上', { min: 0 }),
    waitingSearches: int(512, '每个地址等着的搜索', { min: 0 }),
  },
  chat: {
    maxMembers: int(10_000, '已加入的用户名上限'),
    maxSessions: int(20_000, '会话上限, 含断线后保留的'),
    connectionsPerSession: int(8, '一个会话的连接上限 (多窗口)'),
    sessionRetainMs: ms(600_000, '断线后会话保留多久', { min: 0 }),
    nameHoldMs: ms(120_000, '断线之后名字给他留多久, 别人用不了; 没有令牌的基础客户端按地址留', { min: 0 }),
    reservedNames: list(
      'names',
      RESERVED_NAMES,
      '谁也不能用的名字, 样子相同的 (大小写, 形近字, 加括号) 也算',
    ),
    messagesPerSecond: int(20, '每个会话每秒的消息上限; 0 = 不限', {
      env: 'SLUICE_MESSAGES_PER_SECOND',
      min: 0,
      unit: '条/秒',
    }),
    floodStrikes: int(200, '被拒的消息比被接受的多出多少条时以 4010 断开', { unit: '条' }),
    rememberedClientIds: int(64, '每个会话记住的 clientId 数, 用来认出重发'),
    presenceTickMs: ms(20, '进出消息的合并周期', { max: 60_000 }),
    textBytesPerSecond: bytes(32 * KIB, '每个会话每秒的文字字节; 0 = 不限', { min: 0, unit: '字节/秒' }),
    // 上限: 连同外壳要装得进 160 KiB 的信封 (MAX_ENVELOPE_BYTES); 写成 \uXXXX 的汉字一个占 6 字节
    textBytes: bytes(16 * KIB, '一条文字消息的上限', { max: 128 * KIB }),
    historyMessages: int(1000, '内存中的最近若干条历史: 加入与补发多半由它回答', {
      min: 0,
      max: 1_000_000,
      unit: '条',
    }),
    historyBytes: bytes(8 * MIB, '内存中历史的字节上限', { min: 0, max: 4 * GIB }),
  },
  fanout: {
    minDelayMs: ms(0, '两次送出至少隔多久, 哪怕房间很小; 独自到来的一条总是立即送出', {
      min: 0,
      max: 10_000,
    }),
    maxDelayMs: ms(30, '两次送出至多隔多久: 忙时一条广播为了与后来的合成一写而等的上限; 0 = 从不等', {
      min: 0,
      max: 10_000,
    }),
    pendingBytes: bytes(16 * MIB, '等着广播的消息上限 (每条只有一份); 到了就拒绝新的文字 (server_busy)', {
      min: MIB,
    }),
  },
  history: {
    store: choice('disk', ['disk', 'memory'], '消息日志放在哪里; memory = 不落盘, 重启即丢失'),
    sync: flag(true, 'ack 之前落到盘片: 断电也不丢; 关掉后只保证进程崩溃不丢'),
    maxMessages: int(10_000_000, '保留的消息条数; 0 = 不限', { min: 0, unit: '条' }),
    maxAgeDays: int(0, '保留多少天; 0 = 不限', { min: 0, max: 36_500, unit: '天' }),
    maxBytes: bytes(16 * GIB, '数据库的大小上限 (含索引); 0 = 不限。超出时删最旧的消息', { min: 0 }),
    keepDays: int(
      30,
      '不到这么多天的从不为腾地方而删 (消息与文件): 满了就拒绝新的; 更短的 maxAgeDays 以它为准。地址也留这么久; 0 = 不留底, 不留地址',
      { min: 0, max: 36_500, unit: '天' },
    ),
    pendingBytes: bytes(64 * MIB, '已广播而还没落盘的消息上限; 到了就拒绝新消息 (server_busy)', { min: MIB }),
    maxReads: int(16, '合计同时读盘的历史页与文件列表; 没有加入的人 (HTTP) 至多占四分之一'),
    readsPerPerson: int(4, '一个人同时读盘的历史页与文件列表; 没有加入的人, 一个地址算一个人'),
    maxSearches: int(64, '合计同时做的搜索; 没有加入的人 (HTTP) 至多占四分之一'),
    searchesPerPerson: int(2, '一个人同时做的搜索'),
    waitingPerPerson: int(32, '一个人等着的历史页与文件列表, 等着的搜索, 各至多几个; 再来就不答最早的'),
  },
  files: {
    fileBytes: bytes(2.5 * GIB, '单个文件的上限; 按实收字节逐字节执行', {
      env: 'SLUICE_FILE_BYTES',
      max: 1024 * GIB,
    }),
    frameBytes: bytes(16 * MIB, '单帧上限 (file 消息整帧)', {
      env: 'SLUICE_FRAME_BYTES',
      min: 256,
      max: 64 * MIB,
    }),
    chunkBytes: bytes(256 * KIB, '建议的分片大小 (解码后)', { min: KIB, max: MIB }),
    windowBytes: bytes(4 * MIB, '一次上传未确认字节的窗口', { min: KIB, max: 256 * MIB }),
    keepDays: int(0, '文件保留多少天: 过了就删文件, 消息还在, 链接是 404; 0 = 与它的消息一样久', {
      min: 0,
      max: 36_500,
      unit: '天',
    }),
    partialTtlHours: int(24, '未完成的上传保留多久', { max: 8760, unit: '小时' }),
    blockedExtensions: list('words', BLOCKED_EXTENSIONS, '禁止上传的扩展名, 不带点, 小写'),
    blockedContent: list('choices', CONTENT_KINDS, '按文件头禁止的内容: pe, elf, macho, shebang', {
      choices: CONTENT_KINDS,
    }),
    hashWorkers: int(1, '计算 SHA-256 的线程数', { max: 4 }),
    thumbPixels: int(64_000_000, '做缩略图的原图像素上限, 防解压炸弹', { unit: '像素' }),
    thumbQueue: int(64, '等待做缩略图的图片上限, 大的 (400 万像素以上) 小的各这么多; 超出的不做'),
    instantSend: flag(true, '秒传: 服务器已有的内容, 答对抽查就不必再传'),
    offers: flag(true, '边传边下: 大小已知的上传一开始就可以下载'),
  },
  uploads: {
    maxActive: int(256, '同时进行的上传上限'),
    perSession: int(8, '一个会话同时进行的上传上限'),
    maxPartials: int(4096, '磁盘上可续传的未完成文件上限'),
    windowBudgetBytes: bytes(128 * MIB, '全部上传的窗口之和; 上传的内存上限'),
    idleTimeoutMs: ms(120_000, '上传多久没有新字节就释放名额: 分片的仍可续传, HTTP 的得到 408'),
  },
  downloads: {
    maxActive: int(256, '同时进行的下载上限'),
    maxFollowers: int(512, '跟着上传读的下载 (边传边下) 的上限; 等着的不占下载的名额'),
    followersPerOffer: int(256, '跟着同一个上传读的下载的上限'),
    followTimeoutMs: ms(120_000, '边传边下: 上传停了多久, 等它的下载就断开; 还没有第一个字节的只等 10 秒'),
    // 暂停的下载, 隧道与电梯里的手机: 几分钟之后还能接着收
    stallTimeoutS: int(180, '对方多久一个字节也不收就断开 (下载与其他应答)', { max: 86_400, unit: '秒' }),
  },
  http: {
    filesPerRequest: int(16, '一次 POST /api/files 的文件数上限', { max: 1000 }),
  },
  storage: {
    path: text('./storage', '存放文件与日志的文件夹; 相对路径按启动时的当前目录, 可用 Windows 路径', {
      env: 'SLUICE_STORAGE',
      min: 1,
    }),
    quotaBytes: bytes(0, '全部文件的配额; 0 = 不限', { min: 0 }),
    minFreeBytes: bytes(256 * MIB, '磁盘至少保留的空间; 不足时拒绝上传', { min: 0 }),
    fsyncOnPublish: flag(false, '发布前 fsync: 断电也不丢, 但慢'),
    scrubBytesPerSecond: bytes(
      4 * MIB,
      '后台校验 (scrub) 每秒读多少: 趁闲核对已发布的文件, 坏了的不再送出; 0 = 不查',
      { min: 0, max: GIB, unit: '字节/秒' },
    ),
    scrubDays: int(7, '后台校验两遍之间隔几天', { max: 3650, unit: '天' }),
  },
  log: {
    level: choice('info', LEVELS, '日志级别', { env: 'SLUICE_LOG_LEVEL' }),
    pretty: choice('auto', ['auto', 'always', 'never'], '易读格式; auto = 只在终端上, 否则是 JSON 行'),
  },
} as const;

/** 由一张清单推出值的类型; 叶子是 Entry, 其余是分组 */
export type ValuesOf<S> = {
  readonly [K in keyof S]: S[K] extends Entry<infer T> ? T : ValuesOf<S[K]>;
};

/** 一个配置项连同它的三个名字: 路径, 环境变量, 命令行参数 */
export interface Setting {
  readonly path: string;
  readonly env: string;
  readonly flag: string;
  readonly entry: Entry<unknown>;
}

function envName(path: string): string {
  return `SLUICE_${path.replaceAll('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

function isEntry(node: object): node is Entry<unknown> {
  return 'format' in node && 'default' in node;
}

/** 把嵌套的清单压平, 保持书写顺序 */
export function listSettings(node: object, prefix = ''): Setting[] {
  return Object.entries(node).flatMap(([name, child]: [string, object]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (!isEntry(child)) return listSettings(child, path);
    return [{ path, env: child.env ?? envName(path), flag: `--${path}`, entry: child }];
  });
}
