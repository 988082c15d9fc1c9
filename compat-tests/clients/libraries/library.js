// The job of every client library (see test_libraries.py), with supervisord on npm. Arguments: port.
const api = require('../node/node_modules/supervisord').connect('http://operator:s3cret@127.0.0.1:' + process.argv[2]);
const call = (name, ...args) => new Promise((done, failed) => api[name](...args, (error, value) => error ? failed(error) : done(value)));
const fault = error => `${error.faultCode} ${error.faultString}`;

(async () => {
  const all = await call('getAllProcessInfo');
  console.log('list: ' + all.map(p => `${p.group}:${p.name}=${p.statename}`).join(' '));
  console.log('stop: ' + await call('stopProcess', 'alpha', true));
  console.log('state: ' + (await call('getProcessInfo', 'alpha')).statename);
  console.log('start: ' + await call('startProcess', 'alpha', true));
  console.log('fault: ' + await call('startProcess', 'alpha').catch(fault));
  const [text, , overflow] = await call('tailProcessStdoutLog', 'talk', 0, 100);
  console.log('tail: ' + text.trim().split('\n').join('|') + ' ' + overflow);
  const [state, wrong] = await call('multicall', [
    { methodName: 'supervisor.getState', params: [] },
    { methodName: 'supervisor.getProcessInfo', params: ['nobody'] },
  ]);
  console.log(`multicall: ${state.statename} ${fault(wrong)}`);
})();
