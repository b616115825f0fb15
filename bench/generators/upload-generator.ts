// 上传发生器进程: 一扇门, 一个文件; repeat 时一个接一个直到 stop
import { openSync } from 'node:fs';
import type { ServerMessage } from '../../src/protocol/messages.js';
import { joinChat } from '../lib/chat-member.js';
import { ChunkUpload } from '../lib/chunk-upload.js';
import { uploadOverHttp } from '../lib/form-upload.js';
import { type GeneratorTask, serveGenerator } from '../lib/generator-child.js';
import { HttpExchange } from '../lib/http-client.js';
import { uploadTus } from '../lib/tus-upload.js';
import type { UploadJob, UploadResult } from '../lib/upload-job.js';
import { WebSocketClient } from '../lib/websocket-client.js';

async function prepareHttp(job: UploadJob, fd: number): Promise<GeneratorTask<UploadResult>> {
  const exchange = await HttpExchange.open(job.target);
  const upload = job.door === 'tus' ? uploadTus : uploadOverHttp;
  return { run: () => upload(job, fd, exchange) };
}

async function prepareChunks(job: UploadJob, fd: number): Promise<GeneratorTask<UploadResult>> {
  const member = await joinChat(job.target, job.userName);
  let upload: ChunkUpload | undefined;
  let stopped = false;
  let finishedBytes = 0;
  // 分片走专用连接, 与随附的客户端相同; 聊天连接只为持有会话
  const path = `/ws/transfer?session=${encodeURIComponent(member.session)}`;
  const client = await WebSocketClient.connect(job.target, path, {
    onMessage: (message: ServerMessage) => upload?.receive(message),
    onClose: (reason) => upload?.disconnected(reason),
  });
  return {
    async run() {
      for (;;) {
        upload = new ChunkUpload(client, job, fd);
        const result = await upload.run();
        if (!job.repeat || stopped || result.outcome !== 'done') return result;
        finishedBytes += result.sentBytes;
      }
    },
    count: () => finishedBytes + (upload?.ackedBytes ?? 0),
    stop() {
      stopped = true;
      upload?.stop();
    },
  };
}

/** 把自己的 CPU 写进结果: 成绩是不是发生器的上限, 读者看得出来 */
function metered(task: GeneratorTask<UploadResult>): GeneratorTask<UploadResult> {
  return {
    ...task,
    async run() {
      const before = process.cpuUsage();
      const result = await task.run();
      const { user, system } = process.cpuUsage(before);
      return { ...result, generatorCpuSeconds: (user + system) / 1e6 };
    },
  };
}

/** 几条连接合成一个任务: 一起开跑, 一起停, 进度相加 */
function together(
  tasks: readonly GeneratorTask<UploadResult>[],
): GeneratorTask<UploadResult | readonly UploadResult[]> {
  return {
    run: () => Promise.all(tasks.map((task) => task.run())),
    count: () => tasks.reduce((sum, task) => sum + (task.count?.() ?? 0), 0),
    stop() {
      for (const task of tasks) task.stop?.();
    },
  };
}

async function prepare(job: UploadJob): Promise<GeneratorTask<UploadResult>> {
  const fd = openSync(job.filePath, 'r');
  const chunked = job.door === 'binary' || job.door === 'base64';
  return metered(await (chunked ? prepareChunks(job, fd) : prepareHttp(job, fd)));
}

serveGenerator<UploadJob, UploadResult | readonly UploadResult[]>(async (job) => {
  if (job.copies === undefined) return prepare(job);
  const names = Array.from({ length: job.copies }, (_, index) => `${job.userName}-${index}`);
  return together(await Promise.all(names.map((userName) => prepare({ ...job, userName }))));
});
