// Starts GraphiQL on this server's /graphql, or says in words why it can't.
//
// Its libraries come from the tags at the end of the page: this server's copies, or the CDN's.

const endpoint = new URL('graphql', document.baseURI);

const examples = [
  `# Create an order_process task and run it.
#
# A credential goes into Headers, below:
# {"Authorization": "Bearer <token>"}
mutation CreateOrder {
  createTask(input: {
    name: "order_process"
    context: {
      order_id: 1
      customer_id: 2
      payment_amount: 99.5
    }
  }) {
    taskId
    status
  }
}
`,
  `# Watch events as they happen: run this,
# then create a task in another window.
subscription Watch {
  workflowEvents {
    cursor
    name
    occurredAt
    taskId
    stepName
    fromStatus
    toStatus
  }
}
`,
  `# List the newest tasks and how far each has come.
query Tasks {
  tasks(limit: 10) {
    taskId
    name
    status
    completionPercentage
    workflowSteps {
      name
      status
      attempts
    }
  }
}
`,
];

function start() {
  if (!isStyled() || !window.React || !window.ReactDOM || !window.graphqlWs || !window.GraphiQL) {
    help();
    return;
  }
  const graphiql = React.createElement(
    GraphiQL,
    {
      fetcher,
      storage,
      defaultTabs: examples.map((query) => ({ query })),
      defaultEditorToolsVisibility: 'headers',
      isHeadersEditorEnabled: true,
      // Credentials are not written to the browser's storage unless the user asks for it in the settings.
      shouldPersistHeaders: false,
      inputValueDeprecation: true,
    },
    React.createElement(GraphiQL.Logo, null, 'Tasker'),
  );
  ReactDOM.createRoot(document.getElementById('graphiql')).render(graphiql);
}

function isStyled() {
  try {
    return [...document.querySelectorAll('link[integrity]')].every(({ sheet }) => sheet?.cssRules.length > 0);
  } catch {
    return false; // What is there for a style that did not come may not be read.
  }
}

function help() {
  document.getElementById('needed').replaceChildren(
    ...[...document.querySelectorAll('[integrity]')].map((tag) => {
      const item = document.createElement('li');
      item.textContent = tag.src || tag.href;
      return item;
    }),
  );
  document.getElementById('curl').textContent =
    `curl ${endpoint} -H 'Content-Type: application/json' \\\n` +
    `  -d '{"query": "{ tasks(limit: 10) { taskId name status } }"}'`;
  document.getElementById('loading').hidden = true;
  document.getElementById('help').hidden = false;
}

// The browser's storage. GraphiQL's history would put headers there even while it is told not to keep them.
const storage = {
  getItem: (key) => localStorage.getItem(key),
  setItem(key, value) {
    const isHistory = key === 'graphiql:queries' || key === 'graphiql:favorites';
    const keepsHeaders = localStorage.getItem('graphiql:shouldPersistHeaders') === 'true';
    localStorage.setItem(key, isHistory && !keepsHeaders ? withoutHeaders(value) : value);
  },
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  get length() {
    return localStorage.length;
  },
};

function withoutHeaders(json) {
  return JSON.stringify(JSON.parse(json), (name, value) => (name === 'headers' ? undefined : value));
}

// What GraphiQL calls to run an operation, and to read the schema. `headers` is its headers editor, parsed.
function fetcher(request, { headers, documentAST } = {}) {
  const ask = isSubscription(documentAST, request.operationName) ? subscribe : post;
  return ask(request, headers ?? {});
}

function isSubscription(documentAST, operationName) {
  const operations = (documentAST?.definitions ?? []).filter(({ kind }) => kind === 'OperationDefinition');
  const chosen = operations.find(({ name }) => name?.value === operationName) ?? operations[0];
  return chosen?.operation === 'subscription';
}

async function post(request, headers) {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        Accept: 'application/graphql-response+json, application/json',
        'Content-Type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(request),
    });
    const text = await response.text();
    return parsed(text) ?? failure(`The server answered ${response.status}: ${text.slice(0, 500)}`);
  } catch (error) {
    return failure(`The server could not be reached: ${error.message}`);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// One socket for each subscription: a credential belongs to the tab whose headers editor it is in. Not tried again
// when it breaks, for the events of the meantime would be missing without a word.
function subscribe(request, headers) {
  return {
    subscribe(observer) {
      const client = graphqlWs.createClient({
        url: endpoint.href.replace(/^http/, 'ws'),
        connectionParams: connectionParams(headers),
        retryAttempts: 0,
      });
      const unsubscribe = client.subscribe(request, {
        next: (result) => observer.next(result),
        error: (reason) => observer.error(inWords(reason)),
        complete: () => observer.complete(),
      });
      return { unsubscribe };
    },
  };
}

// Header names have no case, keys of the payload do.
function connectionParams(headers) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [/^authorization$/i.test(name) ? 'Authorization' : name, value]),
  );
}

// As a list of errors, which GraphiQL shows as an answer's.
function inWords(reason) {
  if (Array.isArray(reason)) return reason;
  if (reason instanceof CloseEvent) {
    return failure(`The server closed the connection: ${reason.code} ${reason.reason}`.trim()).errors;
  }
  return failure(reason instanceof Error ? reason.message : 'The connection broke.').errors;
}

function failure(message) {
  return { errors: [{ message }] };
}

// Shown when the libraries are still not there after this long; they may come later all the same.
const PATIENCE_MS = 10_000;

if (document.readyState === 'complete') start();
else {
  const timer = setTimeout(help, PATIENCE_MS);
  addEventListener('load', () => {
    clearTimeout(timer);
    start();
  });
}
