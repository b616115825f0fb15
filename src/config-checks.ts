// 单项合法而合起来不成立的配置; 在启动时拒绝, 好过运行中才显出来
import type { Config } from './config.js';
import { ConfigError } from './config-layers.js';

/** 错误: ConfigError, 一行中文, 指明相关的键与它们的值 */
export function checkTogether(config: Config): void {
  for (const [holds, message] of rules(config)) {
    if (!holds) throw new ConfigError(`配置不能成立: ${message}`);
  }
}

function rules({ server, chat, fanout, files, uploads }: Config): readonly (readonly [boolean, string])[] {
  const { certFile, keyFile } = server.tls;
  const leastWindows = uploads.maxActive * files.chunkBytes;
  return [
    // 宁可不启动: 各走各的进程会发出重复的 seq, 名单各是一半, 也听不到对方的消息
    [
      server.processes === 1,
      `server.processes = ${server.processes}, 而几个进程共用一个端口需要集群总线来统一 seq, 在线名单与广播, 它还没有; 请设为 1`,
    ],
    [
      (certFile === '') === (keyFile === ''),
      'server.tls.certFile 与 server.tls.keyFile 须同时给出, 或都留空',
    ],
    // 每个上传至少要有一个分片的窗口, 否则满员时谁都动不了
    [
      leastWindows <= uploads.windowBudgetBytes,
      `uploads.maxActive * files.chunkBytes = ${leastWindows}, 超过 uploads.windowBudgetBytes = ${uploads.windowBudgetBytes}`,
    ],
    [
      files.chunkBytes <= files.windowBytes,
      `files.chunkBytes = ${files.chunkBytes}, 超过 files.windowBytes = ${files.windowBytes}, 一个分片也放不下`,
    ],
    [
      files.windowBytes <= uploads.windowBudgetBytes,
      `files.windowBytes = ${files.windowBytes}, 超过 uploads.windowBudgetBytes = ${uploads.windowBudgetBytes}`,
    ],
    // 一帧就超预算的话, 人人都会被 4009
    [
      files.frameBytes <= server.receiveBudgetBytes,
      `files.frameBytes = ${files.frameBytes}, 超过 server.receiveBudgetBytes = ${server.receiveBudgetBytes}`,
    ],
    [
      fanout.minDelayMs <= fanout.maxDelayMs,
      `fanout.minDelayMs = ${fanout.minDelayMs}, 超过 fanout.maxDelayMs = ${fanout.maxDelayMs}`,
    ],
    [
      chat.maxMembers <= chat.maxSessions,
      `chat.maxMembers = ${chat.maxMembers}, 超过 chat.maxSessions = ${chat.maxSessions}, 名额用不完`,
    ],
  ];
}
