// 错误码变成给用户看的一句话, 随界面语言

import { currentLanguage } from '../../i18n/bilingual.js';
import { ADVICE_ZH, ERRORS_EN, ERRORS_ZH, type ShownErrorCode } from '../../i18n/errors.js';

export type { ShownErrorCode };

/** serverMessage: 服务器的中文说明; 比表里多出细节时用它, 不认识的代码 (更新的服务器) 也用它 */
export function errorText(code: ShownErrorCode, serverMessage = ''): string {
  return currentLanguage() === 'zh' ? chinese(code, serverMessage) : english(code, serverMessage);
}

function chinese(code: string, serverMessage: string): string {
  const base = own(ERRORS_ZH, code);
  if (base === undefined) return serverMessage || ERRORS_ZH.internal;
  const said = serverMessage.startsWith(base) ? serverMessage : base;
  const advice = own(ADVICE_ZH, code);
  return advice === undefined ? said : `${said}; ${advice}`;
}

function english(code: string, serverMessage: string): string {
  return own(ERRORS_EN, code) ?? (serverMessage || ERRORS_EN.internal);
}

// 代码来自网络: constructor 之类不能取到原型上的东西
function own(table: Readonly<Record<string, string>>, code: string): string | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}
