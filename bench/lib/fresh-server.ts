// 满房间的几项各用一台新的服务器: 上限放到装得下这么多人, 用完连存储一起删去
import type { Options } from './options.js';
import type { ServerProcess } from './server-process.js';
import { startSluice } from './servers.js';
import { StorageFolder } from './storage-folder.js';

/** 人数之外另留的连接: 说话的, 旁听的, 基础客户端 */
const SPARE_CONNECTIONS = 1000;

/** 装得下 people 个人所需的设置; 会话另留一倍, 给断线还没回来的 */
export function roomFor(people: number): Record<string, string> {
  const connections = people + SPARE_CONNECTIONS;
  return {
    SLUICE_CONNECTIONS_PER_ADDRESS: String(connections),
    SLUICE_SERVER_MAX_CONNECTIONS: String(connections),
    SLUICE_CHAT_MAX_MEMBERS: String(connections),
    SLUICE_CHAT_MAX_SESSIONS: String(2 * connections),
  };
}

export interface FreshServer {
  readonly label: string;
  readonly people: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** 保证: 返回或抛错时服务器已停, 存储已删 (--url 的不动) */
export async function withFreshServer<T>(
  options: Options,
  { label, people, settings = {} }: FreshServer,
  work: (server: ServerProcess, storage: StorageFolder) => Promise<T>,
): Promise<T> {
  const storage = new StorageFolder(options, options.storage ?? options.work, label);
  const server = await startSluice(options, storage.path, { ...roomFor(people), ...settings });
  try {
    return await work(server, storage);
  } finally {
    await server.stop();
    storage.remove();
  }
}
