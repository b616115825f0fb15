// 打不开消息日志的两种特别的原因: 要人先决定, 服务器不能自己从头开始
export type HistoryProblem = 'lost' | 'damaged';

/** message 是给管理员看的一行中文: 丢了什么, 怎么办 */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
  readonly problem: HistoryProblem;

  constructor(problem: HistoryProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** loss 是 describeLoss 的一行; 补上怎么办 */
export function lossOf(loss: string): HistoryError {
  const way = '请由备份恢复 history/ 再启动; 没有备份就先运行 npm run doctor 看看还剩什么';
  return new HistoryError('lost', `${loss}; ${way}, 再以 --accept-lost-history 启动一次 (历史从头开始)`);
}
