// 装配各部分共用的几样东西: 配置, 日志, 时钟, 意外错误的去处; 以及由配置算出的上限与能力
import { randomUUID } from 'node:crypto';
import { limitsWithin } from '../chat/frame-limits.js';
import { burstOf } from '../chat/rate-limit.js';
import type { Config } from '../config.js';
import type { Acts } from '../config-acts.js';
import type { Logger } from '../log.js';
import { AppError } from '../protocol/errors.js';
import { type Limits, SERVER_FEATURES } from '../protocol/messages.js';
import { MAX_NAME_CODE_POINTS } from '../protocol/user-name.js';
import type { AddressQuota } from '../quota/ports.js';
import { DiskTroubles } from '../store/disk-troubles.js';
import { createQuota } from './quota.js';

export interface Runtime {
  readonly config: Config;
  /** 只在这一次启动做的事 */
  readonly acts: Acts;
  readonly log: Logger;
  readonly quota: AddressQuota;
  /** 单调时钟, 毫秒 */
  readonly now: () => number;
  readonly stopping: () => boolean;
  /** 记录意外的错误, 返回可报给用户的编号; 磁盘引起的业务错误也记 (没有编号) */
  readonly reportInternal: (error: unknown) => string;
}

export function createRuntime(config: Config, log: Logger, acts: Acts, stopping: () => boolean): Runtime {
  const troubles = new DiskTroubles(log.child({ part: 'store' }));
  const reportInternal = (error: unknown): string => {
    // 业务错误只有磁盘引起的才到这里: 说清楚原因, 但不逐次记
    if (error instanceof AppError) {
      troubles.note(error);
      return '';
    }
    const errorId = randomUUID();
    log.error({ errorId, err: error }, '意外的错误');
    return errorId;
  };
  const now = (): number => performance.now();
  return { config, acts, log, quota: createQuota(config, log, now), now, stopping, reportInternal };
}

export function limitsOf({ files, chat }: Config): Limits {
  const limits = {
    fileBytes: files.fileBytes,
    frameBytes: files.frameBytes,
    chunkBytes: files.chunkBytes,
    windowBytes: files.windowBytes,
    textBytes: chat.textBytes,
    nameLength: MAX_NAME_CODE_POINTS,
    messagesPerSecond: chat.messagesPerSecond,
    messagesBurst: burstOf(chat.messagesPerSecond),
  };
  return limitsWithin(limits, files.frameBytes);
}

// 关掉的能力不列出: 客户端据此决定要不要试
export function featuresOf({ files }: Config): string[] {
  const off = new Set([...(files.instantSend ? [] : ['instant']), ...(files.offers ? [] : ['offer'])]);
  return SERVER_FEATURES.filter((feature) => !off.has(feature));
}
