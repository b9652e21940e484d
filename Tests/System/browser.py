#!/usr/bin/env python3
"""Chromium, headless, driven over a pair of pipes (--remote-debugging-pipe): browser.py ADDRESS PICTURE

Opens the page at ADDRESS, waits until noVNC says that it is connected and its canvas shows more than one colour, types what
standard input holds, a key each, and saves the canvas as PICTURE, a PPM. Then prints the page's title.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile
import time

address, picture = sys.argv[1:3]
commands_read, commands = os.pipe()
answers, answers_write = os.pipe()


def keep():
    # Chromium takes commands on descriptor 3 and gives answers on 4.
    os.dup2(commands_read, 10)
    os.dup2(answers_write, 11)
    os.dup2(10, 3)
    os.dup2(11, 4)


home = tempfile.TemporaryDirectory(prefix="kdevlua-browser-", ignore_cleanup_errors=True)
browser = subprocess.Popen(
    ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
     "--disable-background-networking", "--user-data-dir=" + home.name, "--remote-debugging-pipe", "about:blank"],
    close_fds=False, preexec_fn=keep, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
os.close(commands_read)
os.close(answers_write)
end = time.monotonic() + 100
buffer = b""
number = 0


def call(method, session=None, **parameters):
    global buffer, number
    number += 1
    message = {"id": number, "method": method, "params": parameters}
    if session:
        message["sessionId"] = session
    os.write(commands, json.dumps(message).encode() + b"\0")
    while True:
        while b"\0" in buffer:
            text, buffer = buffer.split(b"\0", 1)
            answer = json.loads(text)
            if answer.get("id") == number:
                # While a page goes and the next one comes there is none to ask.
                return answer.get("result", {})
        part = os.read(answers, 1 << 20)
        if not part:
            raise SystemExit("the browser has ended")
        buffer += part


def wait_for(script, what):
    while time.monotonic() < end:
        answer = call("Runtime.evaluate", session, expression=script, returnByValue=True)
        if answer.get("result", {}).get("value"):
            return answer["result"]["value"]
        time.sleep(0.2)
    raise SystemExit(f"{what} never came: " + str(call(
        "Runtime.evaluate", session, expression="location.href + ' ' + document.body.innerText", returnByValue=True)))


try:
    target = call("Target.createTarget", url="about:blank")["targetId"]
    session = call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    call("Page.enable", session)
    call("Page.navigate", session, url=address)
    wait_for("document.documentElement.classList.contains('noVNC_connected')", "the connection")
    colours = """(() => {
      const canvas = document.querySelector('canvas')
      if (!canvas || canvas.width < 100) return false
      const all = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)
      return new Set(all).size > 1
    })()"""
    wait_for(colours, "a picture")
    for key in sys.stdin.read():
        code = {"\n": ("Enter", 13, "\r")}.get(key, (key, ord(key.upper()), key))
        call("Input.dispatchKeyEvent", session, type="keyDown", key=code[0], windowsVirtualKeyCode=code[1], text=code[2])
        call("Input.dispatchKeyEvent", session, type="keyUp", key=code[0], windowsVirtualKeyCode=code[1])
    time.sleep(2)
    shown = wait_for("""(() => {
      const canvas = document.querySelector('canvas')
      const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
      let text = ''
      for (let i = 0; i < all.length; i += 4) text += String.fromCharCode(all[i], all[i + 1], all[i + 2])
      return { width: canvas.width, height: canvas.height, data: btoa(text) }
    })()""", "the picture")
    with open(picture, "wb") as file:
        file.write(b"P6\n%d %d\n255\n" % (shown["width"], shown["height"]) + base64.b64decode(shown["data"]))
    print(wait_for("document.title", "the title"))
finally:
    browser.terminate()
    try:
        browser.wait(10)
    except subprocess.TimeoutExpired:
        browser.kill()
        browser.wait()
    home.cleanup()
