// SPDX-License-Identifier: GPL-2.0
// Breaks the kernel that it is loaded into, in a way of choice: insmod kdevbreak.ko how=oops
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

static char *how = "nothing";
module_param(how, charp, 0444);

static noinline int kdevbreak_write(int *place)
{
	*place = 1;
	return 0;
}

static noinline int kdevbreak_spin(unsigned int seconds)
{
	unsigned long end = jiffies + seconds * HZ;

	while (time_before(jiffies, end))
		cpu_relax();
	return 0;
}

static int kdevbreak_wait(void *done)
{
	wait_for_completion(done);
	return 0;
}

static DECLARE_COMPLETION(never);

static int __init kdevbreak_init(void)
{
	if (!strcmp(how, "oops"))
		return kdevbreak_write(NULL);
	if (!strcmp(how, "warn"))
		WARN(1, "kdevbreak: a warning was asked for\n");
	if (!strcmp(how, "warn_on"))
		WARN_ON(1);
	if (!strcmp(how, "bug"))
		BUG();
	if (!strcmp(how, "fault"))
		return kdevbreak_write((int *)0xdead000000000100);
	if (!strcmp(how, "panic"))
		panic("kdevbreak: a panic was asked for");
	if (!strcmp(how, "lockup")) {
		preempt_disable();
		kdevbreak_spin(8);
		preempt_enable();
	}
	if (!strcmp(how, "stall")) {
		rcu_read_lock();
		kdevbreak_spin(40);
		rcu_read_unlock();
	}
	if (!strcmp(how, "atomic")) {
		preempt_disable();
		msleep(1);
		preempt_enable();
	}
	if (!strcmp(how, "hung"))
		kthread_run(kdevbreak_wait, &never, "kdevbreak");
	if (!strcmp(how, "beyond")) {
		char *place = kmalloc(64, GFP_KERNEL);

		if (place) {
			OPTIMIZER_HIDE_VAR(place);
			place[64] = 1;
			kfree(place);
		}
	}
	pr_info("kdevbreak: %s\n", how);
	return 0;
}

static void __exit kdevbreak_exit(void)
{
	complete_all(&never);
	msleep(20);
}

module_init(kdevbreak_init);
module_exit(kdevbreak_exit);
MODULE_DESCRIPTION("Breaks the kernel in a way of choice, to test what is seen of it");
MODULE_LICENSE("GPL");
