// 上传的 Worker: 文件的读取, 校验与发送都在这里, 页面的线程不受影响; 命令进来, 报告出去
import { connectTransfer } from './transfer-socket.js';
import { UploadRun } from './upload-run.js';
import type { RunCommand, RunReport, WorkerCommand } from './worker-messages.js';

// 页面同时至多运行 2 个, 所以这张表不会长
const runs = new Map<string, UploadRun>();

function report(message: RunReport): void {
  if (message.type === 'ended') runs.delete(message.runId);
  self.postMessage(message);
}

function begin(command: RunCommand): void {
  const run = new UploadRun(command, { connect: connectTransfer, report, now: () => performance.now() });
  runs.set(command.runId, run);
  run.start();
}

self.addEventListener('message', ({ data }: MessageEvent<WorkerCommand>) => {
  if (data.type === 'run') begin(data);
  else if (data.type === 'open') runs.get(data.runId)?.open(data.url);
  else runs.get(data.runId)?.stop();
});
