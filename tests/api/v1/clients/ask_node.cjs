// What the tests let the `openai` package do under Node: `node ask_node.cjs CASE`, told as JSON.
const OpenAI = require("openai");

const client = new OpenAI({ maxRetries: 0 });
const messages = [{ role: "user", content: "Hello?" }];
const weather = {
  type: "function",
  function: {
    name: "weather",
    parameters: { type: "object", properties: { town: { type: "string" } } },
  },
};

function told(error) {
  const { status, code, type } = error;
  const retryAfter = error.headers ? error.headers.get("retry-after") : null;
  return { kind: error.constructor.name, status, code, type, retryAfter };
}

const cases = {
  async whole(model) {
    const { data, response, request_id } = await client.chat.completions
      .create({ model, messages })
      .withResponse();
    return {
      text: data.choices[0].message.content,
      finish: data.choices[0].finish_reason,
      total: data.usage.total_tokens,
      requestId: request_id,
      deployment: response.headers.get("x-causerie-deployment"),
    };
  },

  async streamed(model) {
    const stream = await client.chat.completions.create({
      model, messages, stream: true, stream_options: { include_usage: true },
    });
    const texts = [];
    let usage = null;
    for await (const chunk of stream) {
      if (chunk.choices.length) texts.push(chunk.choices[0].delta.content || "");
      usage = chunk.usage || usage;
    }
    return { text: texts.join(""), tokens: usage.completion_tokens };
  },

  async helper(model) {
    const runner = client.chat.completions.stream({ model, messages });
    return { text: await runner.finalContent() };
  },

  async tools(model) {
    const answer = await client.chat.completions.create({
      model, messages, tools: [weather], tool_choice: "auto",
    });
    const [choice] = answer.choices;
    return { finish: choice.finish_reason, call: choice.message.tool_calls[0].function };
  },

  async embedded(model) {
    const answer = await client.embeddings.create({ model, input: ["a chat", "a talk"] });
    return answer.data.map((each) => each.embedding.length);
  },

  async models() {
    const found = [];
    for await (const model of client.models.list()) found.push(model.id);
    return found;
  },

  async refused(model) {
    try {
      await client.chat.completions.create({ model, messages });
    } catch (error) {
      return told(error);
    }
    return null;
  },

  async stranger() {
    try {
      await new OpenAI({ apiKey: "sk-nobody", maxRetries: 0 }).models.list();
    } catch (error) {
      return told(error);
    }
    return null;
  },

  async broken(model) {
    const seen = [];
    try {
      const stream = await client.chat.completions.create({ model, messages, stream: true });
      for await (const chunk of stream) seen.push(chunk);
    } catch (error) {
      return { seen: seen.length, ...told(error) };
    }
    return null;
  },

  async aborted(model) {
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0].delta.content) break;
    }
    return { aborted: stream.controller.signal.aborted };
  },

  async again(model) {
    const options = { headers: { "Idempotency-Key": "once" } };
    const first = await client.chat.completions.create({ model, messages }, options);
    const second = await client.chat.completions.create({ model, messages }, options);
    return { same: first.id === second.id };
  },
};

const [name, model] = process.argv.slice(2);
cases[name](model).then((result) => console.log(JSON.stringify(result)));
