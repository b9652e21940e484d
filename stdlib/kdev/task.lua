-- The scheduler's module under kdev, so that one table has all:
--   kdev.task.sleep(0.5)
return require "task"
