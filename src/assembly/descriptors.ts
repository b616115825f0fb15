// 描述符的分配: 不够用时各项都少一些, 给数据库与日志留着, 从不用尽 (用尽之后 accept 失败, 事件循环空转)
import type { Config } from '../config.js';
import type { Logger } from '../log.js';
import type { App } from '../transport/app.js';
import { SpareDescriptors } from '../transport/spare-descriptors.js';

// 进程自己: 实测刚启动 46 个 (含备用的 8 个), 说过话, 翻过页, 做过缩略图之后约 60 个
const OWN = 80;
// 一个上传: 部分文件, 计算摘要的一份; 分片与 HTTP 两个入口各有 uploads.maxActive 个
const PER_UPLOAD = 2 * 2;
// 网页与下载的连接: WebSocket 满了也还进得来
const HTTP_SOCKETS = 256;

export interface Fitted {
  /** 名额按上限减少过的; 够用时原样 */
  readonly config: Config;
  /** 打开的套接字的上限 */
  readonly maxSockets: number;
  /** 不够用时的警告; 起来之后才说: 起不来的只有一行原因 */
  readonly warn: (log: Logger) => void;
}

/** limit: 进程的描述符上限, 不知道时为 undefined */
export function fitDescriptors(config: Config, limit: number | undefined): Fitted {
  const { server, uploads, downloads } = config;
  if (limit === undefined) return { config, maxSockets: Number.POSITIVE_INFINITY, warn: () => {} };
  // 跟读者等的时候也留着部分文件的句柄
  const wantedFiles = downloads.maxActive + downloads.maxFollowers + PER_UPLOAD * uploads.maxActive;
  const wanted = OWN + wantedFiles + server.maxConnections + HTTP_SOCKETS;
  if (limit >= wanted) return { config, maxSockets: limit - OWN - wantedFiles, warn: () => {} };
  const spare = Math.max(8, limit - OWN);
  // 文件至多占一半: 连得上而打不开文件, 与打得开而连不上一样没有用
  const files = Math.min(wantedFiles, Math.floor(spare / 2));
  const maxSockets = spare - files;
  const connections = maxSockets - Math.min(HTTP_SOCKETS, Math.ceil(maxSockets / 4));
  const limits = {
    connections: Math.min(server.maxConnections, connections),
    downloads: share(downloads.maxActive, files, wantedFiles),
    followers: share(downloads.maxFollowers, files, wantedFiles),
    uploads: share(uploads.maxActive, files, wantedFiles),
  };
  return {
    config: {
      ...config,
      server: { ...server, maxConnections: limits.connections },
      downloads: { ...downloads, maxActive: limits.downloads, maxFollowers: limits.followers },
      uploads: { ...uploads, maxActive: limits.uploads },
    },
    maxSockets,
    warn: (log) =>
      log.warn(
        { event: 'few_descriptors', limit, wanted, ...limits },
        `描述符上限 (ulimit -n) ${limit} 装不下设置里的名额, 各项按它减少了; 加大到 ${wanted} 以上, 或调低 server.maxConnections`,
      ),
  };
}

/** 万一还是用尽 (系统的用完了, 上限被调低): 新来的答一句就断, 在场的照常 */
export function watchDescriptors(app: App, log: Logger): SpareDescriptors {
  return new SpareDescriptors({
    scarce: () => {
      app.turnAwayAll(true);
      log.warn({ event: 'descriptors_used_up' }, '描述符用尽 (ulimit -n): 新来的连接都请走, 在场的照常');
    },
    calm: () => {
      app.turnAwayAll(false);
      log.info({ event: 'descriptors_free' }, '描述符又够用了, 照常接受连接');
    },
  });
}

function share(wanted: number, files: number, wantedFiles: number): number {
  return Math.max(1, Math.floor((wanted * files) / wantedFiles));
}
