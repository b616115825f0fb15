// 命令行上只做一次的事: 不是设置, 不进文件与环境变量, 因此下次启动就不再有
export interface Acts {
  /** 消息历史丢了或坏了也启动: 从头开始, 坏的留在一旁 */
  readonly acceptLostHistory: boolean;
}

const ACCEPT_LOST_HISTORY = '--accept-lost-history';
export const ACT_FLAGS: readonly string[] = [ACCEPT_LOST_HISTORY];

/** 没有要做的 */
export const NO_ACTS: Acts = { acceptLostHistory: false };

/** 从命令行参数里挑出来; rest 是其余的 (设置, 以及写错了的) */
export function takeActs(args: readonly string[]): { readonly acts: Acts; readonly rest: readonly string[] } {
  const acts = { acceptLostHistory: args.includes(ACCEPT_LOST_HISTORY) };
  return { acts, rest: args.filter((argument) => !ACT_FLAGS.includes(argument)) };
}
