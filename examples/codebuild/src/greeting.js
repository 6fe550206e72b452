const ms = require("ms");

/** "Hello, you have been away for 2 days" */
exports.greeting = function greeting(milliseconds) {
  return `Hello, you have been away for ${ms(milliseconds, { long: true })}`;
};
