// 扇出的各家: 怎么启动, 叫什么, 说哪种方言
import { buildGoPeer } from '../go-peer.js';
import type { Options } from '../options.js';
import {
  startCentrifuge,
  startPublishUws,
  startSluice,
  startSocketIo,
  startWsBroadcast,
} from '../servers.js';
import type { Entry } from './contestant.js';
import type { DialectName } from './dialect.js';

/** 万人同在一个地址, 每秒几千条: 这几项默认的上限是给真用户的 */
const LOAD_SETTINGS = {
  SLUICE_CHAT_MAX_MEMBERS: '50000',
  SLUICE_CHAT_MAX_SESSIONS: '50000',
  SLUICE_SERVER_MAX_CONNECTIONS: '50000',
};

export function sluiceEntry(options: Options, label: string, dialect: DialectName): Entry {
  return { label, dialect, launch: (storage) => startSluice(options, storage, LOAD_SETTINGS) };
}

export function rawEntry(options: Options): Entry {
  return { label: '裸 uWebSockets.js', dialect: 'plain', launch: () => startPublishUws(options) };
}

export function wsEntry(options: Options): Entry {
  return { label: 'ws', dialect: 'plain', launch: () => startWsBroadcast(options) };
}

export function socketIoEntry(options: Options): Entry {
  return { label: 'Socket.IO', dialect: 'socket.io', launch: () => startSocketIo(options) };
}

/** 没有 Go 时为空: 原因已经打印 */
export async function centrifugeEntries(options: Options): Promise<Entry[]> {
  const program = await buildGoPeer('centrifuge');
  if (program === undefined) return [];
  return [0, 20].map((delayMs) => ({
    label: delayMs === 0 ? 'centrifuge' : `centrifuge, WriteDelay ${delayMs} ms`,
    dialect: 'centrifuge' as const,
    launch: () => startCentrifuge(options, program, delayMs),
  }));
}
