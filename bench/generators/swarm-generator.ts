// 群聊发生器进程: 一千人同在一个进程, 与服务器和浏览器互不占用事件循环
import { serveGenerator } from '../lib/generator-child.js';
import { Swarm } from '../lib/swarm.js';
import type { SwarmJob, SwarmResult } from '../lib/swarm-job.js';

serveGenerator<SwarmJob, SwarmResult>(async (job) => {
  const swarm = new Swarm(job);
  await swarm.connect();
  return { run: () => swarm.run(), count: () => swarm.sent, stop: () => swarm.stop() };
});
