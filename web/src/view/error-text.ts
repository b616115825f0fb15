// 错误码 -> 给人看的话
export function errorText(_code: string, serverMessage: string): string {
  return serverMessage;
}
