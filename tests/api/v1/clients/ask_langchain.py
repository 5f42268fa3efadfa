"""What the tests let LangChain do: `python ask_langchain.py CASE MODEL`, told as JSON."""

import json
import sys
from typing import Any

import openai
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel


class Town(BaseModel):
    """A town and how many live there."""

    name: str
    people: int


@tool
def weather(town: str) -> str:
    """Tell the weather in a town."""
    return f"Rain in {town}."


def chat(model: str, **more: Any) -> ChatOpenAI:
    return ChatOpenAI(model=model, max_retries=0, **more)


def whole(model: str) -> Any:
    answer = chat(model).invoke("Hello?")
    return {
        "text": answer.content,
        "finish": answer.response_metadata["finish_reason"],
        "tokens": answer.usage_metadata["output_tokens"],
    }


def streamed(model: str) -> Any:
    parts = list(chat(model, stream_usage=True).stream("Hello?"))
    counted = [part.usage_metadata for part in parts if part.usage_metadata]
    return {"text": "".join(part.content for part in parts), "tokens": counted[-1]["output_tokens"]}


def tools(model: str) -> Any:
    (call,) = chat(model).bind_tools([weather]).invoke("Is it raining in Uster?").tool_calls
    return {"name": call["name"], "args": call["args"]}


def structured(model: str) -> Any:
    return chat(model).with_structured_output(Town).invoke("Which town?").model_dump()


def embedded(model: str) -> Any:
    # It counts tokens by itself and sends those, unless it is told that the server can.
    embeddings = OpenAIEmbeddings(model=model, check_embedding_ctx_length=False, max_retries=0)
    return embeddings.embed_documents(["a chat", "a conversation"])


def refused(model: str) -> Any:
    try:
        chat(model).invoke("Hello?")
    except openai.NotFoundError as error:
        return {"code": error.code}
    return None


if __name__ == "__main__":
    CASES = {
        each.__name__: each for each in (whole, streamed, tools, structured, embedded, refused)
    }
    print(json.dumps(CASES[sys.argv[1]](sys.argv[2])))
