"""不重不漏的判断: 纯逻辑, 各种到来的次序。"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from python_client.model.events import Event, MessageArrived
from python_client.net.catch_up import CATCHING, CAUGHT, MAX_MISSED, RESTARTING, CatchUp
from python_client.net.event_queue import EventQueue
from python_client.protocol.address import parse_address
from python_client.protocol.messages import History, Limits, RoomMessage, TextMessage, Welcome
from python_client.session import ChatSession

LIMITS = Limits(1, 1, 1, 1, 1, 1)


def _welcome(seq: int, epoch: str = "e1") -> Welcome:
    return Welcome("张三", "令牌", (), 1, epoch, seq, LIMITS, frozenset())


def _page(*seqs: int, more: bool = False, epoch: str = "e1") -> History:
    return History(tuple(TextMessage(f"{epoch}-{seq}", seq, 0, "李四", str(seq)) for seq in seqs), more)


def _seqs(messages: list[RoomMessage]) -> list[int]:
    return [message.seq for message in messages]


def _caught(seq: int) -> CatchUp:
    catch_up = CatchUp()
    catch_up.welcomed(_welcome(seq))
    catch_up.joined_page(_page(seq))
    assert catch_up.state == CAUGHT and catch_up.after == seq
    return catch_up


def test_第一次没有after_空的房间从welcome的seq算起() -> None:
    catch_up = CatchUp()
    assert catch_up.after is None
    catch_up.welcomed(_welcome(0))
    assert catch_up.joined_page(_page()) == ([], False)
    assert catch_up.after == 0
    assert catch_up.broadcast(_page(1).messages[0])
    assert not catch_up.broadcast(_page(1).messages[0]), "同一条只放行一次"


def test_加入后的那一页还没有到就播出的_接着要到它为止() -> None:
    catch_up = CatchUp()
    catch_up.welcomed(_welcome(41))
    assert not catch_up.broadcast(_page(42).messages[0]), "页里多半有比它早的"
    messages, wants_more = catch_up.joined_page(_page(40, 41, more=True))
    assert (_seqs(messages), wants_more) == ([40, 41], True)
    messages, wants_more = catch_up.page(_page(42))
    assert (_seqs(messages), wants_more, catch_up.state) == ([42], False, CAUGHT)
    assert catch_up.is_live(messages[0]) and not catch_up.is_live(_page(41).messages[0])


def test_不给历史的服务器_等一会儿就从播出的第一条算起() -> None:
    catch_up = CatchUp()
    catch_up.welcomed(_welcome(41))
    for seq in (42, 43):
        assert not catch_up.broadcast(_page(seq).messages[0])
    assert _seqs(catch_up.release()) == [42, 43]
    assert catch_up.after == 43 and catch_up.broadcast(_page(44).messages[0])
    assert catch_up.joined_page(_page(41, 42)) == ([], False), "太晚了"
    assert _caught(10).release() == []


def test_空的房间_那一页还没有到就播出的也不丢() -> None:
    catch_up = CatchUp()
    catch_up.welcomed(_welcome(0))
    assert not catch_up.broadcast(_page(1).messages[0])
    assert catch_up.joined_page(_page()) == ([], True)
    assert _seqs(catch_up.page(_page(1))[0]) == [1]


def test_补来的页是读盘那一刻的_之后播出的接着要() -> None:
    catch_up = _caught(10)
    catch_up.welcomed(_welcome(12))
    for seq in (13, 14):
        assert not catch_up.broadcast(_page(seq).messages[0])
    assert catch_up.joined_page(_page(11, 12)) == ([*_page(11, 12).messages], True)
    messages, wants_more = catch_up.page(_page(13, 14))
    assert (_seqs(messages), wants_more) == ([13, 14], False)
    assert catch_up.broadcast(_page(15).messages[0])


def test_播出过而再也要不到的_不会没完没了地要() -> None:
    catch_up = _caught(10)
    catch_up.welcomed(_welcome(10))
    catch_up.broadcast(_page(11).messages[0])
    assert catch_up.joined_page(_page()) == ([], True)
    assert catch_up.page(_page()) == ([], False)
    assert catch_up.state == CAUGHT


def test_重连后逐页补齐_期间播出的由后面的页给出() -> None:
    catch_up = _caught(10)
    catch_up.welcomed(_welcome(14))
    assert catch_up.state == CATCHING
    messages, wants_more = catch_up.joined_page(_page(11, 12, more=True))
    assert (_seqs(messages), wants_more) == ([11, 12], True)
    assert not catch_up.broadcast(_page(15).messages[0]), "还没有补到这里"
    messages, wants_more = catch_up.page(_page(13, 14, 15))
    assert (_seqs(messages), wants_more) == ([13, 14, 15], False)
    assert not catch_up.broadcast(_page(15).messages[0]), "页里已经有了"
    assert catch_up.broadcast(_page(16).messages[0])


def test_补到一半又断_从收齐的地方接着补() -> None:
    catch_up = _caught(10)
    catch_up.welcomed(_welcome(20))
    catch_up.joined_page(_page(11, 12, more=True))
    assert catch_up.after == 12
    catch_up.welcomed(_welcome(20))
    assert _seqs(catch_up.joined_page(_page(13, 14))[0]) == [13, 14]


def test_服务器只留着后面的_说明有缺口() -> None:
    catch_up = _caught(10)
    catch_up.welcomed(_welcome(100))
    assert catch_up.has_gap_before(_page(90, 91))
    assert not catch_up.has_gap_before(_page(11))
    assert not catch_up.has_gap_before(_page())


def test_换了epoch_旧的seq作废_从新的起点补完才放行() -> None:
    catch_up = _caught(1000)
    assert catch_up.welcomed(_welcome(3, "e2")), "历史已丢失"
    assert catch_up.state == RESTARTING and catch_up.after == 0
    assert catch_up.joined_page(_page(2, 3, epoch="e2")) == ([], False), "按旧的 after 给的"
    assert not catch_up.broadcast(_page(4, epoch="e2").messages[0])
    messages, wants_more = catch_up.page(_page(1, 2, more=True, epoch="e2"))
    assert (_seqs(messages), wants_more) == ([1, 2], True)
    # 补到一半又断: 接着补
    assert not catch_up.welcomed(_welcome(4, "e2"))
    assert catch_up.state == CATCHING and catch_up.after == 2
    assert _seqs(catch_up.joined_page(_page(3, 4, epoch="e2"))[0]) == [3, 4]
    assert catch_up.state == CAUGHT


def test_换了epoch而消息还在的_同一条不再来一次() -> None:
    catch_up = _caught(10)
    catch_up.welcomed(_welcome(10, "e2"))
    messages, wants_more = catch_up.page(_page(9, 10, 11))
    assert (_seqs(messages), wants_more, catch_up.after) == ([9, 11], False, 11)


def test_换了epoch_至多补最近的一千条() -> None:
    catch_up = _caught(10)
    assert catch_up.welcomed(_welcome(MAX_MISSED + 7, "e2"))
    assert catch_up.after == 7


def test_迟到的应答不当作补齐的一页() -> None:
    async def scenario() -> list[RoomMessage]:
        events: list[Event] = []
        session = ChatSession(parse_address("http://127.0.0.1:1"), "张三", events.append, EventQueue().room)
        for message in (_welcome(10), _page(10), _welcome(12)):
            session.received(message)
        session.received(replace(_page(12), ref="h9"))
        session.received(_page(11, 12))
        return [event.message for event in events if isinstance(event, MessageArrived)]

    # 3.8 的 asyncio.Event 要在循环里建
    assert _seqs(asyncio.run(scenario())) == [10, 11, 12]


def test_一页一条也没有却说还有_不会没完没了地要() -> None:
    catch_up = _caught(10)
    catch_up.welcomed(_welcome(10))
    assert catch_up.joined_page(_page(more=True)) == ([], False)
