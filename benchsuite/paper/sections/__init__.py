"""The sections: from a suite's prose and its findings to blocks. Every sentence about results is chosen by them."""
