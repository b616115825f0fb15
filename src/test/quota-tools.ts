// 直接造领域对象的测试用: 不限的配额, 与一个谁也不是的人
import type { Party } from '../files/ports.js';
import type { AddressQuota } from '../quota/ports.js';

export const NO_LIMITS: AddressQuota = {
  spend: () => {},
  hold: () => ({ release: () => {} }),
  fits: () => true,
};

export const LOCAL_PARTY: Party = { sessionKey: '', visitor: { address: '127.0.0.1', trusted: true } };
