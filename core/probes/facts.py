"""Whether the model heeds a system prompt, and whether the endpoint takes temperature and top_p together."""

from __future__ import annotations

import re

from core.probe_bench import Bench, Question
from core.probe_limits import Exhausted
from core.probe_wire import RawAnswer
from core.probes.structured import COUNTRIES
from core.probes.trials import Finding, Judge, Judgement, judge_failure, judge_missing, passed, try_until_sure, unclear
from core.refusals import names_parameter
from core.verdicts import Outcome


async def probe_system_role(bench: Bench) -> Finding:
    """Whether a system prompt is taken and heeded."""

    def attempt() -> tuple[Question, Judge]:
        word = bench.nonces.word()
        question = Question(
            f"What is the capital of {bench.nonces.choice(COUNTRIES)}?",
            24,
            system_prompt=f"Whatever you are asked, answer with the one word {word} and nothing else.",
        )
        return question, _judge_word(word)

    return await try_until_sure(bench, "system_role", attempt, "System prompt", needed=1, temperatures=(0.0,))


def _judge_word(word: str) -> Judge:
    def judge(answer: RawAnswer) -> Judgement:
        # That word alone: who repeats what was asked says it too.
        if set(re.findall(r"\w+", answer.answer.lower())) == {word}:
            return passed("The model did what the system prompt said.")
        return judge_missing(answer) or unclear("The system prompt was taken, and the model did not heed it.")

    return judge


async def probe_temperature_and_top_p(bench: Bench) -> Finding:
    """Whether the endpoint refuses a request that sets both, as some do: yes means only one may be set."""
    if not bench.dialect.takes_temperature:
        return Finding(Outcome.INCONCLUSIVE, "The endpoint takes no temperature at all.")
    question = Question("Name an animal.", 24, 0.5, top_p=0.9)
    try:
        answer = await bench.ask("temperature_and_top_p", question, "Temperature with Top P")
    except Exhausted as exhausted:
        return Finding(Outcome.INCONCLUSIVE, str(exhausted))
    failure = answer.failure
    # A refusal of Top P alone says nothing about the two together.
    if failure is not None and names_parameter(failure, "top_p") and names_parameter(failure, "temperature"):
        found = Finding(Outcome.YES, "The endpoint refuses both together.", True)
    elif failure is None:
        found = Finding(Outcome.NO, "The endpoint takes both together.", False)
    else:
        judgement = judge_failure(answer)
        found = Finding(Outcome.INCONCLUSIVE, judgement.reason if judgement else "")
    bench.note("temperature_and_top_p", answer, found.outcome, found.reason)
    return found
