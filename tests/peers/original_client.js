// What a server can see of the PrinterWebSocket project's own client, version 0.0.1, written from a description of its
// behaviour: with all its faults, because pages that run it have them. A classic script; touches `window` at load.
var PrinterWebSocket = (function () {
  var socket = null;
  var open = false;
  var address = null;
  var printerStatus = "idle";
  var uid = newUid();

  function newUid() {
    return "uid-" + Math.random().toString(36).slice(2, 15);
  }

  function ordinary(message) {
    var frame = JSON.parse(message.data);
    if (frame.result) populatePrinterDropdown(frame.result);
    if (frame.status_code === 4) printerStatus = "printing";
    if (frame.status_code === 0) printerStatus = "idle";
    if (frame.status_code > 0) console.error("printer status " + frame.status_code);
  }

  function connect(resolve, reject) {
    socket = new WebSocket(address);
    socket.onopen = function () {
      open = true;
      resolve();
    };
    socket.onerror = reject;
    socket.onclose = function () {
      open = false;
      uid = newUid();
    };
    socket.onmessage = ordinary;
  }

  function resetConnection() {
    socket = null;
  }

  window.addEventListener("beforeunload", resetConnection);

  return {
    initialize: function (url) {
      address = url;
      return new Promise(function (resolve, reject) {
        if (socket && open) resolve();
        else connect(resolve, reject);
      });
    },
    fetchPrinters: function () {
      return new Promise(function (resolve, reject) {
        if (!socket || !open) {
          reject("Not connected.");
          return;
        }
        socket.onmessage = function (message) {
          var frame = JSON.parse(message.data);
          if (frame.result) resolve(frame.result);
          else reject("Failed to fetch printers.");
        };
        socket.send(JSON.stringify({ call: "printers.find", uid: uid }));
      });
    },
    print: function (name, data) {
      if (!socket || !open) return;
      socket.send(JSON.stringify({ call: "print", uid: uid, params: { printer: { name: name }, data: [data] } }));
    },
    getUniqID: newUid,
    isConnected: function () {
      return open;
    },
    getPrinterStatus: function () {
      return printerStatus;
    },
    getServerAddress: function () {
      return address;
    },
    resetConnection: resetConnection,
  };
})();
