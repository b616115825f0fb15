// 发生器进程的一侧: 经 IPC 接任务, 回报就绪, 听号令开跑
export interface GeneratorTask<Result> {
  /** 收到 go 之后执行; 完成即回报结果 */
  run(): Promise<Result>;
  /** 至今的进度 (字节), 给吞吐计算用 */
  count?(): number;
  /** 时间到, 请尽快让 run 返回 */
  stop?(): void;
}

/** 要分几步做, 每步带参数的发生器: 一问一答 */
export interface AnsweringTask {
  answer(question: unknown): Promise<unknown>;
}

export type GeneratorCommand =
  | { readonly type: 'job'; readonly job: unknown }
  | { readonly type: 'ask'; readonly question: unknown }
  | { readonly type: 'go' | 'count' | 'stop' };

export type GeneratorReport =
  | { readonly type: 'ready' }
  | { readonly type: 'count'; readonly count: number }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'answer'; readonly answer: unknown }
  | { readonly type: 'failed'; readonly message: string };

/** prepare 里完成连接与打开文件, 这些不计入测量 */
export function serveGenerator<Job, Result>(
  prepare: (job: Job) => Promise<GeneratorTask<Result> | AnsweringTask>,
): void {
  let task: Partial<GeneratorTask<Result> & AnsweringTask> | undefined;
  const report = (message: GeneratorReport): void => {
    process.send?.(message);
  };
  const failed = (error: unknown): void => {
    report({
      type: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  };
  process.on('message', (command: GeneratorCommand) => {
    if (command.type === 'job') {
      prepare(command.job as Job).then((prepared) => {
        task = prepared;
        report({ type: 'ready' });
      }, failed);
    } else if (command.type === 'go') {
      task?.run?.().then((result) => report({ type: 'result', result }), failed);
    } else if (command.type === 'ask') {
      task?.answer?.(command.question).then((answer) => report({ type: 'answer', answer }), failed);
    } else if (command.type === 'count') report({ type: 'count', count: task?.count?.() ?? 0 });
    else task?.stop?.();
  });
  // 父进程退出 (含 Ctrl+C) 时 IPC 断开: 不留下孤儿
  process.on('disconnect', () => process.exit(0));
}
